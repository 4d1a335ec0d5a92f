"""Generation as Streamlit runs it, without a browser."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer import generate
from explorer.reading import read
from explorer.ui.common import session
from explorer.ui.generate.made import Made
from tests.pages.shared import charts, opened, run_recipe, settle, table, written

TEXT = "The history of the town"
SAMPLING = generate.Sampling(temperature=0.8, top_p=0.95, seed=1)
DRAWN = {"model": "gpt2-mini", "greedy": "false"}
"""The address of tokens that are drawn."""
FIRST = 8
"""Tokens that the page opens with."""


def press(app: AppTest, button: str) -> AppTest:
    return settle(app.button(key=button).click().run())


def empty(**address: str) -> AppTest:
    """The page with no token made."""
    return press(opened("generate", text=TEXT, **DRAWN | address), "restart")


def expected(text: str, tokens: int, sampling: generate.Sampling = SAMPLING, model: str = "gpt2-mini") -> list[generate.Step]:
    return list(generate.generate(session.open_model(model, "auto", "auto"), text, sampling, tokens=tokens))


def same(app: AppTest, steps: list[generate.Step], at: int = -1) -> None:
    """The page shows these tokens, and of one step what could have come and where the newest token looked."""
    assert not app.exception
    assert f"({len(steps)} token{'s' if len(steps) > 1 else ''}" in written(app)
    step = steps[at]
    assert f"{step.token.chance:.1%}; entropy {step.entropy:.2f}" in written(app)
    np.testing.assert_allclose(table(app, {"i", "chance"})["chance"], [candidate.chance for candidate in step.candidates], rtol=1e-4)
    layer, head = app.selectbox(key="layer").value, app.selectbox(key="head").value
    whole = step.attention[next(iter(step.attention))][layer]
    weights = whole.mean(0) if head == "mean" else whole[int(head)]
    np.testing.assert_allclose(table(app, {"c", "w"}, 1)["w"], weights, rtol=1e-4, atol=1e-6)


def test_it_opens_on_the_likeliest_tokens() -> None:
    app = opened("generate", text=TEXT)
    assert app.selectbox(key="model").value == "gpt2-mini"
    again = expected(TEXT, FIRST + 1, generate.Sampling(True))
    same(app, again[:FIRST])
    assert "orange-background[" + again[FIRST - 1].token.text.strip() in written(app) and "→" not in written(app)
    same(press(app, "one_token"), again)


def test_it_opens_on_no_more_tokens_than_are_asked_for() -> None:
    same(opened("generate", text=TEXT, tokens="3", **DRAWN), expected(TEXT, 3))


def test_a_model_that_takes_longer_waits_to_be_asked(monkeypatch) -> None:
    monkeypatch.setattr("explorer.bearing.QUICK_WORK", 1.0)
    app = opened("generate", text=TEXT, **DRAWN)
    assert not app.exception and not charts(app) and "Press Generate" in written(app)
    same(press(app, "one_token"), expected(TEXT, 1))


def test_step_by_step_and_on() -> None:
    app = empty(tokens="5")
    assert not app.exception and not charts(app) and "Press Generate" in written(app)
    again = expected(TEXT, 6)
    same(press(app, "one_token"), again[:1])
    same(press(app, "generate"), again)
    settle(app.slider(key="step_6").set_value(2).run())
    same(app, again, at=1)
    press(app, "restart")
    assert not app.exception and not charts(app) and "(0 tokens)" in written(app)
    same(press(app, "one_token"), again[:1])


def test_another_text_has_its_own_tokens_and_the_first_keeps_its() -> None:
    app = empty()
    press(app, "one_token")
    press(app, "one_token")
    settle(app.text_area(key="text").set_value("In 1914 the army").run())
    same(app, expected("In 1914 the army", FIRST))
    same(press(app, "one_token"), expected("In 1914 the army", FIRST + 1))
    settle(app.text_area(key="text").set_value(TEXT).run())
    same(app, expected(TEXT, 2))
    same(press(app, "one_token"), expected(TEXT, 3))


def test_other_controls_begin_anew() -> None:
    app = opened("generate", text=TEXT, **DRAWN)
    same(app, expected(TEXT, FIRST))
    settle(app.toggle(key="greedy").set_value(True).run())
    steps = expected(TEXT, FIRST, generate.Sampling(True, 0.8, 0, 0.95, 1))
    same(app, steps)
    assert all(step.token.number == step.candidates[0].number and step.token.drawn == 1 for step in steps)


def test_where_a_head_looked() -> None:
    app = empty(layer="2", head="3")
    press(app, "one_token")
    assert (app.selectbox(key="layer").value, app.selectbox(key="head").value) == (2, "3")
    same(app, expected(TEXT, 1))
    settle(app.selectbox(key="head").set_value("5").run())
    assert app.selectbox(key="head").value == "5" and "Attention of **town**" in written(app)
    same(app, expected(TEXT, 1))


def test_a_source_and_a_target(tiny, monkeypatch) -> None:
    monkeypatch.setattr("explorer.ui.common.session.open_model", lambda *asked, **how: tiny("bart"))
    app = opened("generate", text="the cat sat")
    assert not app.exception and len(charts(app)) == 2
    settle(app.button_group(key="generated_part").set_value("cross").run())
    assert not app.exception and "the newest token" in written(app)


def test_a_translation_that_has_ended_stands_behind_an_arrow_and_cannot_be_gone_on_with() -> None:
    app = press(opened("generate", model="translate-mini", text=f"{TEXT} begins with", tokens="30"), "generate")
    assert not app.exception and "ended)" in written(app)
    assert "begins with] → " in written(app)
    assert app.button(key="generate").disabled and app.button(key="one_token").disabled and not app.button(key="restart").disabled


def test_an_encoder_offers_a_decoder() -> None:
    app = opened("generate", model="all-MiniLM-L6-v2", text=TEXT)
    assert not app.exception and "does not predict next words" in written(app)
    press(app, "open_generate_gpt2-mini")
    assert not app.exception and app.button(key="generate")


def test_an_empty_text_is_told() -> None:
    app = opened("generate", model="gpt2-mini", text=" ")
    assert not app.exception and "no text" in written(app)


def test_the_recipe_runs_as_it_stands() -> None:
    app = opened("generate", text=TEXT, tokens="3", **DRAWN)
    _recipe, printed = run_recipe(app)
    assert all(repr(step.token.text) in printed for step in expected(TEXT, 3))


class Stop(Exception):
    """Somebody pressed Stop."""


def made() -> Made:
    model = session.open_model("gpt2-mini", "auto", "auto")
    return Made(model, read(model, TEXT), SAMPLING)


def test_a_stop_keeps_what_was_made_and_going_on_goes_on() -> None:
    found = made()
    found.ask(6)

    def report(share: float, partial: int) -> None:
        if partial == 2:
            raise Stop

    with pytest.raises(Stop):
        found.make(report)
    assert len(found.steps) == 2
    # What makes the next token may be gone meanwhile.
    found.put_down()
    shares = []
    assert found.make(lambda share, partial: shares.append((share, partial))) == 6
    assert shares == [(0.25, 3), (0.5, 4), (0.75, 5), (1.0, 6)]
    assert [step.token.number for step in found.steps] == [step.token.number for step in expected(TEXT, 6)]


def test_an_error_in_the_middle_loses_nothing(monkeypatch) -> None:
    found = made()
    found.ask(2)
    found.make(lambda share, partial: None)

    def broken(*_how: object, **_more: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("explorer.generate.attention.attending", broken)
        found.ask(2)
        with pytest.raises(MemoryError):
            found.make(lambda share, partial: None)
    found.ask(2)
    found.make(lambda share, partial: None)
    assert [step.token.number for step in found.steps] == [step.token.number for step in expected(TEXT, 4)]


def test_the_steps_of_a_session_are_bounded(monkeypatch) -> None:
    app = empty()
    press(app, "one_token")
    kept = app.session_state["_generated"]
    of_one = kept.memory_bytes
    kept.limit_bytes = 3 * of_one
    for text in ("One two", "Three four five", "Six seven", "Eight nine ten"):
        settle(app.text_area(key="text").set_value(text).run())
        press(app, "restart")
        press(app, "one_token")
        assert not app.exception and kept.memory_bytes <= 3 * of_one
    assert 0 < len(kept) < 5


def test_what_the_model_s_own_file_asks_for_is_said(tiny, monkeypatch) -> None:
    model = tiny("bart")
    monkeypatch.setattr("explorer.ui.common.session.open_model", lambda *asked, **how: model)
    monkeypatch.setattr(model.network.generation_config, "num_beams", 4)
    monkeypatch.setattr(model.network.generation_config, "exponential_decay_length_penalty", [3, 1.5])
    app = opened("generate", text="the cat sat")
    said = " ".join(caption.value for caption in app.caption).replace("\\", "")
    assert "hold in the draw: exponential_decay_length_penalty [3, 1.5]" in said and "not done here: num_beams 4" in said
    monkeypatch.undo()
    monkeypatch.setattr("explorer.ui.common.session.open_model", lambda *asked, **how: model)
    captions = opened("generate", text="the cat sat").caption
    assert not any("draw" in caption.value or "not done" in caption.value for caption in captions)


def test_the_recipe_opens_the_model_in_the_precision_of_the_page() -> None:
    app = opened("generate", text=TEXT, tokens="3", dtype="bfloat16", **DRAWN)
    recipe, printed = run_recipe(app)
    assert "dtype='bfloat16'" in recipe
    model = session.open_model("gpt2-mini", "auto", "bfloat16")
    steps = list(generate.generate(model, TEXT, SAMPLING, tokens=3))
    assert all(repr(step.token) in printed for step in steps)
