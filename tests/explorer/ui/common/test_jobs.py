"""Jobs as a page asks for them."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from explorer.jobs import JOBS, Viewer
from explorer.ui.common import jobs

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


def _long(lang: str) -> None:
    import time

    import streamlit as st

    from explorer import i18n
    from explorer.ui.common import jobs

    def work(report: object) -> bool:
        while True:
            report(0.5)
            time.sleep(0.01)

    with i18n.speaking(lang):
        job = jobs.ask(("test of a long job",), "Work", work, moment=0.0)
        jobs.bar(job)
    st.write("drawn")


@pytest.mark.parametrize(("lang", "words"), [("en", "The server that this page is connected to"), ("zh", "此页面所连接的服务器")])
@pytest.mark.parametrize("shared", [True, False])
def test_a_job_says_where_others_are_served_too_that_it_belongs_to_its_server(lang: str, words: str, shared: bool, monkeypatch) -> None:
    monkeypatch.setattr(jobs, "strangers", SimpleNamespace(are_there=lambda: shared))
    app = AppTest.from_function(_long, args=(lang,), default_timeout=60).run()
    (stop,) = app.button
    try:
        assert app.markdown[0].value == "drawn" and (words in stop.help if shared else not stop.help)
    finally:
        JOBS.forget(("test of a long job",))
