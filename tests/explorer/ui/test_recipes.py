"""The recipes of the pages, run as they stand: a pair is read as a pair, and the numbers are those of the page."""

import numpy as np
import pytest

import explorer
import models
from explorer.flow import methods, targets
from explorer.lens import contributions, layers
from explorer.scores import families, roles
from explorer.ui.beyond import contributions as contributions_panel
from explorer.ui.beyond import input_tokens
from explorer.ui.beyond import lens as lens_panel
from explorer.ui.common.session import FIRST_TOKENS
from explorer.ui.common.sidebar import Chosen
from explorer.ui.heads import measured
from explorer.ui.heads.source import Source


@pytest.fixture(scope="module")
def chosen() -> Chosen:
    model = models.load("bert-mini", device="cpu")
    text, pair = "The cat said: 'It's \"warm\"'.", "Where did they play?"
    return Chosen(model, explorer.capture(model, text, pair, max_tokens=FIRST_TOKENS), text, pair, "", ("bert-mini", "cpu", "auto"))


def run(recipe: str) -> dict:
    space: dict = {}
    exec(recipe, space)
    assert space["captured"].segments[-1] == 1
    return space


def test_the_lens(chosen):
    found = run(lens_panel.recipe(lens_panel.Shown(chosen, 3, None, ())))["found"]
    shown = layers.lens(chosen.model, chosen.capture, masked=3)
    np.testing.assert_allclose(found.chances, shown.chances, atol=1e-6)
    assert found.words == shown.words


def test_contributions(chosen):
    found = run(contributions_panel.recipe(contributions_panel.Asked(chosen, 4, 60, 70)))["found"]
    shown = contributions.contributions(chosen.model, chosen.capture, 4, 60, against=70, masked=True)
    np.testing.assert_allclose(found.heads, shown.heads, atol=1e-5)


def test_input_tokens(chosen):
    target = targets.make(chosen.model, chosen.capture, "masked", at=2)
    traced = run(input_tokens.recipe(chosen, target))["traced"]
    np.testing.assert_allclose(traced.effects, methods.trace(chosen.model, target).effects, atol=1e-6)


def test_head_scores(chosen):
    space = run(measured.recipe(chosen, Source((chosen.capture,), "", ""), "encoder"))
    known = roles.known(chosen.model, [chosen.capture])
    assert space["known"].scores.tokens == len(chosen.capture.tokens)
    np.testing.assert_allclose(space["known"].scores.values["entropy"], known.scores.values["entropy"], atol=1e-6)
    again = families.of_texts(space["model"], space["texts"])
    np.testing.assert_allclose(again.divergence, families.of_texts(chosen.model, [chosen.capture]).divergence, atol=1e-9)
    assert "# your texts" in measured.recipe(chosen, Source(("a", "b"), "", ""), "encoder")
