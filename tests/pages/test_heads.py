"""Know every head, as Streamlit runs it, without a browser."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.scores import roles
from explorer.ui.common import session

ROOT = Path(__file__).parents[2]
TEXT = "The cat sat on the mat, and the dog sat on the cat."


def opened(view: str = "", text: str = TEXT, **params: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=200)
    params = ({"heads": view} if view else {}) | params
    for name, value in params.items():
        app.query_params[name] = value
    # AppTest opens the first page first; what belongs to all pages is read there.
    app.run().switch_page("pages/heads.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    app.text_area(key="text").set_value(text)
    return app.run()


def charts(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]


def written(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.info, *app.warning])


def test_the_map_and_one_head(bert) -> None:
    app = opened(score="previous token")
    assert not app.exception and len(charts(app)) == 2
    known = roles.known(bert, [TEXT])
    table = app.dataframe[0].value
    shown = dict(zip(table["score"], table["value"], strict=True))
    for name, title in (("entropy", "entropy"), ("repeated_induction", "induction, repeated random tokens"), ("previous", "previous token")):
        assert shown[title] == pytest.approx(known.scores.values[name][0, 0], abs=1e-5)
    assert "1 texts" in written(app)
    assert any("A_{i,i-1}" in latex.value for latex in app.latex), "the formula is one click away"


def test_the_table_has_all_scores_of_all_heads() -> None:
    app = opened("Table")
    assert not app.exception
    table = app.dataframe[0].value
    assert len(table) == 72 and {"entropy", "rare", "repeated_induction"} <= set(table.columns)


def test_roles_and_why() -> None:
    app = opened("Roles")
    assert not app.exception and len(charts(app)) == 2
    held = app.dataframe[0].value
    assert ((held["layer"] == 0) & (held["head"] == 2) & (held.role == "positional")).any()
    assert "Voita et al. 2019" in written(app)


def test_families_of_gpt2_mini_by_role() -> None:
    app = opened("Families", model="GPT-2 mini (trained here)", coloured="by role")
    assert app.selectbox(key="model").value == "gpt2-mini"
    assert not app.exception and len(charts(app)) == 2 and "Closest to 0.0" in written(app)


def test_layers_and_scatter() -> None:
    app = opened("Layers")
    assert not app.exception and len(charts(app)) == 1
    app.button_group(key="heads").set_value("scatter").run()
    assert not app.exception and len(charts(app)) == 2
    app.selectbox(key="score_y").set_value("first").run()
    assert not app.exception


def test_the_projects_texts(bert) -> None:
    app = opened(scored_on="the project's texts", heads_limit="12")
    assert not app.exception and "12 texts" in written(app)


def test_the_head_is_that_of_the_attention_page() -> None:
    app = opened(layer="3", head="4")
    assert not app.exception and "**Layer 3, head 4**" in written(app)


def test_a_model_of_two_stacks(tiny, monkeypatch) -> None:
    monkeypatch.setattr(session, "open_model", lambda *asked: tiny("t5"))
    app = opened(text="the cat sat")
    assert not app.exception and charts(app)
    app.button_group(key="part").set_value("cross").run()
    assert not app.exception and charts(app)
    for view in ("roles", "families", "layers", "scatter", "table"):
        app.button_group(key="heads").set_value(view).run()
        assert not app.exception


def test_a_view_only_model(tiny, monkeypatch) -> None:
    monkeypatch.setattr(session, "open_model", lambda *asked: tiny("gpt_neo"))
    app = opened(text="the cat sat")
    assert not app.exception and charts(app)


def test_one_token_has_no_families(tiny, monkeypatch) -> None:
    monkeypatch.setattr(session, "open_model", lambda *asked: tiny("llama"))
    app = opened("Families", text="the")
    assert not app.exception and "more than one other" in written(app)


def test_a_file_of_texts(bert) -> None:
    app = opened(scored_on="a file")
    app.file_uploader(key="heads_file").upload("texts.txt", b"One two three.\nFour five six.\n", "text/plain").run()
    assert not app.exception and "2 texts" in written(app)
    app.file_uploader(key="heads_file").upload("bad.csv", b"\xff\xfe\x00", "text/csv").run()
    assert not app.exception and not np.any([chart for chart in charts(app)])
