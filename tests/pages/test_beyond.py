"""Beyond the weights as Streamlit runs it, without a browser."""

import gc
import json

import pytest
import torch

from explorer.capture import Capture, capture
from explorer.flow import methods, targets
from explorer.lens import contributions, layers
from explorer.ui.common import session
from explorer.ui.common.session import escaped
from models.attention import scoring
from tests.pages.shared import charts, opened, written

TEXT = "The film was a wonderful surprise."


def test_tokens_of_the_bundled_bert(bert) -> None:
    app = opened("beyond", text=TEXT)
    assert not app.exception
    traced = methods.trace(bert, targets.make(bert, TEXT))
    assert f"**positive** with probability {traced.target.chance:.1%}" in written(app)
    (chart,) = charts(app)
    agreements = next(given["value"] for given in chart["params"] if given["name"] == "agreements")
    assert agreements == ["", *(f"ρ {value:+.2f}" for value in traced.correlations.values())]


def test_another_class_and_the_vector() -> None:
    app = opened("beyond", text=TEXT)
    number = next(box for box in app.selectbox if box.key.startswith("target_number"))
    number.set_value(0).run()
    assert not app.exception and "**negative** with probability" in written(app)
    app.button_group(key="target_kind").set_value("vector").run()
    assert not app.exception and "moves the vector" in written(app)


def test_agreement_over_texts_waits_until_it_is_asked_for(monkeypatch) -> None:
    monkeypatch.setattr("explorer.ui.beyond.input_tokens.TEXTS", 3)
    app = opened("beyond", text=TEXT)
    assert len(charts(app)) == 1
    app.button(key="compute_agreement").click().run()
    assert not app.exception and len(charts(app)) == 2 and "over 3 sentences" in written(app)


def test_the_lens_of_gpt2_mini() -> None:
    app = opened("beyond", model="gpt2-mini", text="The history of the", beyond="Logit lens")
    assert not app.exception and len(charts(app)) == 3
    model = session.open_model("gpt2-mini", "auto", "auto")
    found = layers.lens(model, "The history of the", k=8)
    words = next(given["value"] for given in charts(app)[0]["params"] if given["name"] == "words")
    assert words == [at[0].strip() or repr(at[0]) for row in found.words for at in row]
    app.selectbox(key="lens_colour").set_value("divergence").run()
    assert not app.exception and len(charts(app)) == 3


def test_contributions_of_gpt2_mini() -> None:
    app = opened("beyond", model="gpt2-mini", text="The history of the", beyond="Contributions")
    assert not app.exception and len(charts(app)) == 2
    found = contributions.contributions(session.open_model("gpt2-mini", "auto", "auto"), "The history of the")
    assert f"{found.logit:.3f}. The parts add up to {found.total:.3f}" in written(app)
    against = next(box for box in app.selectbox if box.key.startswith("parts_against"))
    against.set_value(found.best[1][0]).run()
    assert not app.exception and escaped(f"{found.name} - {found.best[1][1]}".strip()) in written(app)


@pytest.mark.parametrize("view", ["Logit lens", "Contributions"])
def test_a_model_that_predicts_no_words_offers_one_that_does(view) -> None:
    app = opened("beyond", text=TEXT, beyond=view)
    assert not app.exception and "predicts no words" in written(app)
    button = next(button for button in app.button if button.key.endswith("gpt2-mini"))
    button.click().run()
    assert not app.exception and app.selectbox(key="model").value == "gpt2-mini" and charts(app)


def test_a_text_that_is_too_long_is_cut_and_said() -> None:
    app = opened("beyond", model="gpt2-mini", text="word " * 400, beyond="Logit lens")
    assert not app.exception and "cut at 256 of 402" in written(app)
    words = next(given["value"] for given in charts(app)[0]["params"] if given["name"] == "words")
    assert len(words) == 7 * 256


@pytest.mark.parametrize("view", ["Logit lens", "Contributions"])
def test_the_second_text_of_a_pair_counts(view) -> None:
    app = opened("beyond", model="bert-mini", text="The cat sat on the mat.", beyond=view)
    alone = json.dumps(charts(app)[0])
    app.text_area(key="pair").set_value("The dog slept in the garden.").run()
    assert not app.exception and json.dumps(charts(app)[0]) != alone
    captured = capture(session.open_model("bert-mini", "auto", "auto"), "The cat sat on the mat.", "The dog slept in the garden.")
    if view == "Logit lens":
        found = layers.lens(session.open_model("bert-mini", "auto", "auto"), captured, k=8)
        words = next(given["value"] for given in charts(app)[0]["params"] if given["name"] == "words")
        assert words == [at[0].strip() or repr(at[0]) for row in found.words for at in row]
    else:
        at = app.selectbox(key="parts_at").value
        found = contributions.contributions(session.open_model("bert-mini", "auto", "auto"), captured, at, masked=True)
        assert f"{found.logit:.3f}. The parts add up to {found.total:.3f}" in written(app)


@pytest.mark.parametrize("view", ["Input tokens", "Logit lens", "Contributions"])
def test_a_full_accelerator_is_said_and_the_page_stays(view, monkeypatch) -> None:
    app = opened("beyond", model="gpt2-mini", text="The history of the", beyond=view)
    shown = app.text_area(key="text").set_value("The history of the town").run()
    assert not shown.exception and charts(shown)

    def full(*_args: object, **_kwargs: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    # The text was captured already; what this page computes itself has no room now.
    derived = [value.derived for value in gc.get_objects() if isinstance(value, Capture) and "gpt2-mini" in value.model]
    for known in derived:
        known.clear()
    monkeypatch.setattr(scoring, "scores_of", full)
    app.run()
    assert not app.exception and "has no room for" in written(app) and not charts(app)
