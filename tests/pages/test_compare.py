"""The comparison as Streamlit runs it, without a browser."""

import numpy as np
import pytest

from explorer.ablation import heads
from explorer.capture import capture
from explorer.compare import comparison
from tests.pages.shared import charts, opened, table, written

TEXT = "The cat sat on the mat."


def board(app) -> np.ndarray:
    """What is drawn of all heads, (layers, heads)."""
    return table(app, {"row", "head", "value", "removed"}).pivot(index="row", columns="head", values="value").to_numpy()


def test_one_word(bert) -> None:
    app = opened("compare", text=TEXT)
    assert not app.exception and len(charts(app)) == 2
    changed = comparison.changes(capture(bert, TEXT), capture(bert, "The dog sat on the mat."))
    layer, head = max(changed.ranked, key=lambda at: changed.total[at])
    assert f"**{layer}.{head}** {changed.total[layer, head]:.2f}" in written(app) and "9 of 9 and 9 tokens are paired" in written(app)
    app.text_input(key="into").set_value("very old cat").run()
    assert not app.exception and "of 9 and 11 tokens" in written(app)
    pictures = [charts(app)[1]]
    for shown, title in (("one", "First"), ("other", "Second")):
        app.button_group(key="compared").set_value(shown).run()
        assert not app.exception and len(charts(app)) == 2
        assert title in str(charts(app)[1]) and charts(app)[1] not in pictures
        pictures.append(charts(app)[1])


def test_two_texts_and_another_measure(bert) -> None:
    app = opened("compare", text=TEXT, compare="Two texts")
    app.text_input(key="other_text").set_value("The mat sat on the cat.").run()
    changed = comparison.changes(capture(bert, TEXT), capture(bert, "The mat sat on the cat."))
    np.testing.assert_allclose(board(app), changed.total, atol=1e-5)
    app.button_group(key="measure").set_value("divergence").run()
    assert not app.exception and len(charts(app)) == 2
    np.testing.assert_allclose(board(app), changed.divergence, atol=1e-5)
    layer, head = max(changed.ranked, key=lambda at: changed.divergence[at])
    assert f"**{layer}.{head}** {changed.divergence[layer, head]:.2f}" in written(app)
    app.text_area(key="text").set_value("A dog sat on the mat.").run()
    changed = comparison.changes(capture(bert, "A dog sat on the mat."), capture(bert, "The mat sat on the cat."))
    np.testing.assert_allclose(board(app), changed.divergence, atol=1e-5)


@pytest.mark.parametrize(("other", "said_there"), [("", "no text"), ("Гусь", "of 9 and")])
def test_a_text_that_cannot_be_compared(other, said_there) -> None:
    app = opened("compare", text=TEXT, compare="Two texts")
    app.text_input(key="other_text").set_value(other).run()
    assert not app.exception and said_there in written(app)


def test_two_models() -> None:
    app = opened("compare", text=TEXT, compare="Two models")
    assert not app.exception and len(charts(app)) == 2 and "random weights" in written(app)
    app.selectbox(key="other_model").set_value("bert-mini").run()
    assert not app.exception and "same number of heads" in written(app)


def test_without_heads(bert) -> None:
    app = opened("compare", text=TEXT, compare="Without heads")
    app.text_input(key="without").set_value("0.2,1.9").run()
    assert not app.exception and len(charts(app)) == 2
    changes = heads.changes(bert, heads.parse(bert, "0.2,1.9"))
    changed = comparison.changes(capture(bert, TEXT), capture(bert, TEXT, changes=changes))
    layer, head = max(changed.ranked, key=lambda at: changed.total[at])
    assert f"**{layer}.{head}** {changed.total[layer, head]:.2f}" in written(app)
    app.text_input(key="without").set_value("9.9").run()
    assert not app.exception and "no head 9.9" in written(app)


def test_a_model_of_two_stacks(tiny, monkeypatch) -> None:
    monkeypatch.setattr("explorer.ui.common.session.open_model", lambda *asked: tiny("t5"))
    app = opened("compare", text="the cat sat")
    assert not app.exception and board(app).shape == (2, 4)
