"""Jobs as a page asks for them."""

from streamlit.testing.v1 import AppTest

from explorer.jobs import JOBS, Viewer

KEY = ("test of what is kept elsewhere",)


def _page() -> None:
    import streamlit as st

    from explorer.ui.common import jobs

    store = st.session_state.setdefault("store", {"times": 0})

    def work(report: object) -> bool:
        store["times"] += 1
        store["made"] = store["times"]
        return True

    if "made" not in store:
        jobs.computed(("test of what is kept elsewhere",), "Work", work, moment=60.0, kept_elsewhere=True)
    st.write(str(store.get("made")))


def test_what_is_kept_elsewhere_and_gone_there_is_made_again() -> None:
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert app.markdown[0].value == "1"
    # A viewer who left before it was done: the pool remembers that it is, and the store has lost it since.
    JOBS.start(KEY, "Work", lambda report: True, Viewer("another")).wait(60)
    del app.session_state["store"]["made"]
    app.run()
    assert app.markdown[0].value == "2"
