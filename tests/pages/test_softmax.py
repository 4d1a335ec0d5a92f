"""The softmax laboratory as Streamlit runs it, without a browser."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.capture import capture
from explorer.softmax import heads
from explorer.softmax.scale import ScaleCurve
from explorer.softmax.vectors import WIDTHS, draw
from explorer.tasks import choose
from explorer.ui.common import session
from tests import tiny
from tests.pages.shared import charts, opened, started, written

MODEL = {"softmax": "This model"}


def test_it_opens_on_random_vectors_without_a_model(monkeypatch) -> None:
    app = started()
    monkeypatch.setattr(session, "open_model", lambda *asked: pytest.fail("a model was opened"))
    app.switch_page("pages/softmax.py").run()
    (vectors,) = charts(app)
    app.button_group(key="softmax").set_value("lookups").run()
    (lookups,) = charts(app)
    assert not app.exception and not app.sidebar.selectbox
    names = [{given["name"] for given in chart["params"]} for chart in (vectors, lookups)]
    assert "d_k_step" in names[0] and "score_6" in names[1]


def test_another_number_draws_other_vectors() -> None:
    app = opened("softmax", seed="5")
    (chart,) = charts(app)
    steps = next(given for given in chart["params"] if given["name"] == "d_k_step")
    assert steps["bind"]["max"] == len(WIDTHS) - 1
    assert app.number_input(key="seed").value == 5 and "draw(5)" in "".join(block.value for block in app.code)
    data = app.get("vega_lite_chart")[0].proto.datasets
    app.number_input(key="seed").set_value(6).run()
    assert not app.exception and app.get("vega_lite_chart")[0].proto.datasets != data
    assert not np.array_equal(draw(5).row, draw(6).row)


def test_scores_and_saturation_of_the_loaded_model(bert) -> None:
    app = opened("softmax", **MODEL, softmax_layer="0", softmax_head="2")
    app.text_area(key="text").set_value("The cat sat on the mat.").run()
    assert not app.exception and len(charts(app)) == 3
    captured = capture(bert, "The cat sat on the mat.")
    found = heads.softmax(captured)
    assert f"{np.nanmean(found.saturated):.1%} of all rows" in written(app)
    assert f"Scale of the chosen head: {32**-0.5:.4f}" in written(app)
    variance = heads.raw_scores(captured, 0, 2).var()
    assert any(f"variance {variance:.4g}" in json.dumps(chart) for chart in charts(app))


def test_uniform_weights_of_a_causal_model() -> None:
    app = opened("softmax", **MODEL, look="Uniform weights", softmax_head="7")
    app.selectbox(key="model").set_value("gpt2-mini").run()
    assert not app.exception and len(charts(app)) == 2
    assert "the mean of the values that a token sees" in written(app) and "e-0" in written(app)


def test_a_model_with_fewer_heads() -> None:
    app = opened("softmax", **MODEL, softmax_head="11")
    assert app.selectbox(key="softmax_head").value == 11
    app.selectbox(key="model").set_value("gpt2-mini").run()
    assert not app.exception and app.selectbox(key="softmax_head").value == 0


def _view_only(folder: str) -> None:
    import models
    from explorer.capture import capture
    from explorer.ui.softmax import heads as softmax_model

    of = softmax_model.Head(capture(models.load(folder), "the cat sat"), "decoder", 0, 0)
    softmax_model.scores(of)
    softmax_model.uniform(of)


def test_a_view_only_model_shows_what_it_can(tmp_path) -> None:
    app = AppTest.from_function(_view_only, args=(str(tiny.save("gpt_neo", tmp_path)),), default_timeout=60).run()
    assert not app.exception and len(charts(app)) == 2, "both maps"
    assert len(app.info) == 2 and "view-only" in app.info[0].value and "of all rows" in written(app)


def test_the_scale_is_computed_when_asked(bert) -> None:
    app = opened("softmax", **MODEL, look="A factor on the scale", limit="6")
    assert not app.exception and not charts(app)
    app.button(key="compute_scale").click().run()
    assert not app.exception and len(charts(app)) == 1
    given = choose.built_in("classify")
    task = choose.make("classify", bert, type(given)(given.name, given.examples[:6], given.labels))
    own = ScaleCurve(task).compute([1.0])[0]
    assert f"entropy {own.entropy:.2f} nats, accuracy {own.score:.1%}" in written(app)
    # Known from now on, for whoever comes back.
    assert len(charts(app.run())) == 1
