"""Generation as Streamlit runs it, without a browser."""

import numpy as np

from explorer import generate
from explorer.ui.common import session
from tests.pages.shared import charts, opened, table, written

TEXT = "The history of the town"


def test_step_by_step_and_on() -> None:
    app = opened("generate", model="gpt2-mini", text=TEXT, tokens="5")
    assert not app.exception and not charts(app) and "Press Generate" in written(app)
    app.button(key="one_token").click().run()
    assert not app.exception and len(charts(app)) == 2 and "1 tokens" in written(app)
    app.number_input(key="tokens").set_value(5).run()
    app.button(key="generate").click().run()
    made = app.session_state["_generated"]
    assert not app.exception and len(made.steps) == 6
    model = session.open_model("gpt2-mini", "auto", "auto")
    again = list(generate.generate(model, TEXT, generate.Sampling(temperature=0.8, top_p=0.95, seed=1), tokens=6))
    assert [step.token.number for step in made.steps] == [step.token.number for step in again]
    app.slider(key="step_6").set_value(2).run()
    assert f"{again[1].token.chance:.1%}; entropy {again[1].entropy:.2f}" in written(app)
    app.button(key="restart").click().run()
    assert not app.exception and not charts(app)


def test_other_controls_begin_anew() -> None:
    app = opened("generate", model="gpt2-mini", text=TEXT)
    app.button(key="one_token").click().run()
    app.toggle(key="greedy").set_value(True).run()
    assert not app.exception and not charts(app)
    app.button(key="one_token").click().run()
    step = app.session_state["_generated"].steps[0]
    assert step.token.number == step.candidates[0].number and step.token.drawn == 1


def test_where_a_head_looked() -> None:
    app = opened("generate", model="gpt2-mini", text=TEXT)
    app.button(key="one_token").click().run()
    weights = app.session_state["_generated"].steps[0].attention["decoder"][-1]
    np.testing.assert_allclose(table(app, {"c", "w"}, 1)["w"], weights.mean(0), atol=1e-6)
    app.selectbox(key="generated_head_8").set_value(3).run()
    assert not app.exception and len(charts(app)) == 2 and "Attention of **town**" in written(app)
    np.testing.assert_allclose(table(app, {"c", "w"}, 1)["w"], weights[3], atol=1e-6)


def test_a_source_and_a_target(tiny, monkeypatch) -> None:
    monkeypatch.setattr("explorer.ui.common.session.open_model", lambda *asked: tiny("bart"))
    app = opened("generate", text="the cat sat")
    app.button(key="one_token").click().run()
    assert not app.exception and len(charts(app)) == 2
    app.button_group(key="generated_part").set_value("cross").run()
    assert not app.exception and "the newest token" in written(app)
    weights = app.session_state["_generated"].steps[0].attention["cross"][-1]
    np.testing.assert_allclose(table(app, {"c", "w"}, 1)["w"], weights.mean(0), atol=1e-6)


def test_an_encoder_offers_a_decoder() -> None:
    app = opened("generate", text=TEXT)
    assert not app.exception and "does not predict next words" in written(app)
    app.button(key="open_generate_gpt2-mini").click().run()
    assert not app.exception and app.button(key="generate")


def test_an_empty_text_is_said() -> None:
    app = opened("generate", model="gpt2-mini", text=" ")
    assert not app.exception and "no text" in written(app)
