"""What tests of pages share: a page as Streamlit runs it, its charts, its words."""

import contextlib
import io
import json

import pandas as pd
import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from explorer import i18n
from explorer.jobs import JOBS, Job

# It says at import who knows the language. Were that first so in a test that puts another in its place, none would know it afterwards.
from explorer.ui.common import language
from tests import ROOT

FIRST = "attention"
"""The page that app.py opens where the address names none."""
PATIENCE = 300
"""Seconds that one run of a page may take on a busy machine."""


def started(**address: str) -> AppTest:
    """The app as it opens on such an address, on its first page."""
    return settle(_at(AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE), address).run())


def _as_typed(box: Selectbox) -> WidgetState:
    """What a box says when the page is run again; AppTest looks for it among the options, and a box may take other words, too."""
    try:
        return _of_an_option(box)
    except ValueError:
        return WidgetState(id=box.id, string_value=box.value)


_of_an_option = Selectbox._widget_state.fget
Selectbox._widget_state = property(_as_typed)


def opened(page: str, *, text: str | None = None, **address: str) -> AppTest:
    """A page of pages/ opened on such an address, which may name a model, too; then the sidebar's text is written, where it is given."""
    app = opened_at(page, address)
    if text is not None:
        app.text_area(key="text").set_value(text)
        settle(app.run())
    return app


def opened_at(page: str, address: dict[str, str]) -> AppTest:
    """A page of pages/ opened on an address, its text included.

    AppTest runs the page's own file, without the app around it, of which the page needs the viewer's language.
    """
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
    if page != FIRST:
        app.switch_page(f"pages/{page}.py")
        # The app takes no other word for a language; around this page it does not run.
        if address.get(language.NAME) in i18n.LANGUAGES:
            app.session_state[language.KEY] = address[language.NAME]
    return settle(_at(app, address).run())


def within(page: str, **address: str) -> AppTest:
    """A page of pages/ by its own file, as `alone`, but within the app, whose other pages it may link to."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
    app.switch_page(f"pages/{page}.py")
    return settle(_at(app, address).run())


def after(app: AppTest, page: str) -> AppTest:
    """Another page of pages/, opened from that one with the address as it is."""
    return settle(app.switch_page(f"pages/{page}.py").run())


def settle(app: AppTest) -> AppTest:
    """Runs the page until no job is left, as the browser does, which looks at them twice a second."""
    # A job may end just after the page has drawn how far it is: then none is left, but the page does not know yet.
    while (pending := JOBS.running()) or any(str(button.key).startswith("stop_job_") for button in app.button):
        for job in pending:
            assert job.wait(PATIENCE), f"{job.title} does not end"
        app.run()
    return app


def give(app: AppTest, key: str, name: str, content: bytes) -> AppTest:
    """Gives a file where one is asked for, as a person does: one that was given before is taken away first. Then the page runs."""
    if any(button.key == f"forget_{key}" for button in app.button):
        app.button(key=f"forget_{key}").click().run()
    return app.file_uploader(key=key).upload(name, content, "text/plain").run()


def in_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a run of a page waits for its jobs to the end, however busy the machine is.

    For pages whose model was typed: AppTest has no word for that (the address has), and cannot run such a page twice.
    """
    wait = Job.wait
    monkeypatch.setattr(Job, "wait", lambda job, _seconds=None: wait(job, PATIENCE))


def alone(page: str, **address: str) -> AppTest:
    """A page of pages/ without the app around it: nothing is opened that the page itself does not open."""
    return settle(_at(AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=PATIENCE), address).run())


def charts(app: AppTest) -> list[dict]:
    """Specifications of all charts on the page."""
    return [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]


def tables(app: AppTest, chart: int = 0) -> list[pd.DataFrame]:
    """The data that a chart of the page is drawn from."""
    return [convert_arrow_bytes_to_pandas_df(given.data.data) for given in app.get("vega_lite_chart")[chart].proto.datasets]


def table(app: AppTest, columns: set[str], chart: int = 0) -> pd.DataFrame:
    """The one table among a chart's data that has exactly these columns."""
    (found,) = (one for one in tables(app, chart) if set(one.columns) == columns)
    return found


def component(app: AppTest, name: str) -> dict:
    """What one of the page's own components is told."""
    (found,) = (one.proto for one in app.get("bidi_component") if one.proto.component_name == f"attention_explorer.{name}")
    return json.loads(found.json)


def written(app: AppTest) -> str:
    """All that is written on the page."""
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error])


def shared(app: AppTest, name: str) -> str:
    """What all pages will read of this name, though the address of this one may not hold it."""
    return app.session_state["_kept_address"]["", name]


def run_recipe(app: AppTest) -> tuple[str, str]:
    """The lines of Python that the page offers, and what they print when they are run as they stand."""
    recipe = next(code.value for code in app.code if "models.load" in code.value)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(recipe, "recipe", "exec"), {})
    return recipe, out.getvalue()


def _at(app: AppTest, address: dict[str, str]) -> AppTest:
    for name, value in address.items():
        app.query_params[name] = value
    return app
