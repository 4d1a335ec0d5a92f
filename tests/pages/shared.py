"""What tests of pages share: a page as Streamlit runs it, its charts, its words."""

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


def opened(page: str, *, text: str | None = None, model: str | None = None, **params: str) -> AppTest:
    """A page of pages/, with parameters in its address, and the sidebar's text and model."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=200)
    for name, value in params.items():
        app.query_params[name] = value
    # AppTest opens the first page first; what belongs to all pages is read there.
    app.run().switch_page(f"pages/{page}.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    if model is not None:
        app.selectbox(key="model").set_value(model)
    if text is not None:
        app.text_area(key="text").set_value(text)
    return app.run()


def charts(app: AppTest) -> list[dict]:
    """Specifications of all charts on the page."""
    return [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]


def written(app: AppTest) -> str:
    """All that is written on the page."""
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error])
