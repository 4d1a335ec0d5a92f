"""Beyond the weights as Streamlit runs it, without a browser: what is drawn is what is computed, whatever changes."""

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer.capture import capture
from explorer.charts.common import palette
from explorer.flow import methods, targets
from explorer.jobs import JOBS
from explorer.lens import contributions, layers
from explorer.tasks import choose
from explorer.ui.beyond import agreement
from explorer.ui.common import session
from explorer.ui.common.markdown import escaped
from models.attention import kernel, scoring
from tests.pages.shared import charts, opened, run_recipe, settle, shared, table, tables, written

TEXT = "The film was a wonderful surprise."
OTHER = "A dull and tired story about nothing."
PAIR = "The dog slept in the garden."


def given(app: AppTest, name: str, chart: int = 0) -> object:
    """The value of a chart's parameter."""
    return next(param["value"] for param in charts(app)[chart]["params"] if param["name"] == name)


def strips(app: AppTest) -> dict[str, np.ndarray]:
    """What the strips draw: by row of the picture, a number for each token, nan where there is no cell."""
    cells, names = table(app, {"r", "c", "value", "share"}), given(app, "methods")
    found = {name: np.full(len(given(app, "tokens")), np.nan) for name in names}
    for row in cells.itertuples():
        found[names[row.r]][row.c] = row.value
    return found


def same_strips(app: AppTest, traced: methods.Traced) -> None:
    """The strips are those of this text."""
    drawn = list(strips(app).values())
    assert given(app, "tokens") == list(traced.target.labels)
    np.testing.assert_allclose(drawn[0], traced.effects, atol=1e-6)
    for row, values in zip(drawn[1:], traced.tokens.values(), strict=True):
        np.testing.assert_allclose(row, values, rtol=1e-5, atol=1e-6)
    assert given(app, "agreements") == ["", *(f"ρ {value:+.2f}".replace("-", "−") for value in traced.correlations.values())]


def model(name: str) -> object:
    """A bundled model, as the page opens it."""
    return session.open_model(name, "auto", "auto")


def test_tokens_of_one_text_and_of_the_next(bert) -> None:
    app = opened("beyond", text=TEXT)
    for text in (TEXT, OTHER):
        settle(app.text_area(key="text").set_value(text).run())
        traced = methods.trace(bert, targets.make(bert, text))
        assert not app.exception and f"**{traced.target.name}** with probability {traced.target.chance:.1%}" in written(app)
        same_strips(app, traced)


def test_another_class_and_the_vector(bert) -> None:
    app = opened("beyond", text=TEXT)
    settle(app.selectbox(key="target_number").set_value(0).run())
    assert not app.exception and "**negative** with probability" in written(app)
    same_strips(app, methods.trace(bert, targets.make(bert, TEXT, number=0)))
    settle(app.button_group(key="target_kind").set_value("vector").run())
    assert not app.exception and "moves the vector" in written(app)
    same_strips(app, methods.trace(bert, targets.make(bert, TEXT, "vector")))


def test_a_title_that_stood_there_for_another_text_is_no_choice() -> None:
    """A browser sends what a box shows along with the next text, whose options have other titles: nobody chose it."""
    app = opened("beyond", text=TEXT)
    settle(app.selectbox(key="target_number").set_value("negative 12.3%").run())
    assert not app.exception and "target_number" not in app.query_params
    settle(app.selectbox(key="target_number").set_value(0).run())
    assert "0" in app.query_params["target_number"]


def test_a_token_of_the_second_text_is_traced() -> None:
    app = opened("beyond", model="bert-mini", text="The cat sat on the mat.", target_kind="masked")
    settle(app.text_area(key="pair").set_value(PAIR).run())
    captured = capture(model("bert-mini"), "The cat sat on the mat.", PAIR)
    at = next(i for i, word in enumerate(captured.source.labels) if word == "garden")
    assert captured.source.segments[at] == 1
    settle(app.selectbox(key="target_at").set_value(at).run())
    assert not app.exception
    same_strips(app, methods.trace(model("bert-mini"), targets.make(model("bert-mini"), captured, "masked", at=at)))


def test_agreement_over_texts_waits_until_it_is_asked_for(bert, monkeypatch) -> None:
    monkeypatch.setattr(agreement, "TEXTS", 3)
    app = opened("beyond", text=TEXT)
    assert len(charts(app)) == 1
    settle(app.button(key="compute_agreement").click().run())
    assert not app.exception and len(charts(app)) == 2 and "over 3 sentences" in written(app)
    sentences = [example.text for example in choose.built_in("classify").examples[:3]]
    expected = methods.agreement(bert, sentences, "class", flow=True)
    # The other table with these columns holds the means.
    dots = max((one for one in tables(app, 1) if set(one.columns) == {"r", "value"}), key=len)
    for r, values in enumerate(expected.values()):
        np.testing.assert_allclose(dots[dots["r"] == r]["value"], values[~np.isnan(values)], atol=1e-9)


def test_what_is_done_of_the_agreement_is_drawn_and_kept(bert) -> None:
    sentences, seen = agreement.texts()[:4], []

    class Enough(Exception):
        """Somebody pressed Stop."""

    def report(share: float, partial: agreement.Correlations | None = None) -> None:
        if partial is not None:
            seen.append({name: values.copy() for name, values in partial.items()})
        if len(seen) == 2:
            raise Enough

    with pytest.raises(Enough):
        agreement.over_texts(bert, sentences, "vector", report)
    expected = methods.agreement(bert, sentences, "vector", flow=True)
    for done, partial in enumerate(seen, 1):
        for name, values in expected.items():
            np.testing.assert_allclose(partial[name], values[:done])
    # Going on computes the others only.
    asked = []
    whole = agreement.over_texts(bert, sentences, "vector", lambda share, partial=None: asked.append(share))
    assert min(asked) >= 0.25 and all(np.allclose(whole[name], values, equal_nan=True) for name, values in expected.items())


def test_the_lens_of_one_text_and_of_the_next() -> None:
    app = opened("beyond", model="gpt2-mini", text="The history of the", beyond="lens")
    for text in ("The history of the", "In 1914 the army crossed"):
        settle(app.text_area(key="text").set_value(text).run())
        assert not app.exception and len(charts(app)) == 3
        found = layers.lens(model("gpt2-mini"), text, k=8)
        assert given(app, "words") == [at[0].strip() or repr(at[0]) for row in found.words for at in row]
        cells = table(app, {"r", "c", "value"})
        np.testing.assert_allclose(cells["value"].to_numpy().reshape(found.chance.shape), found.chances[..., 0], rtol=1e-5)
        # The last token after the last layer is looked at, at first.
        np.testing.assert_allclose(table(app, {"i", "chance"}, 1)["chance"], found.chances[-1, -1], rtol=1e-5)
        np.testing.assert_allclose(table(app, {"r", "chance", "rank"}, 2)["chance"], found.chance[:, -1], rtol=1e-5)
    settle(app.selectbox(key="lens_colour").set_value("divergence").run())
    cells = table(app, {"r", "c", "value"})
    np.testing.assert_allclose(cells["value"].to_numpy().reshape(found.chance.shape), found.divergence, rtol=1e-4, atol=1e-5)
    assert given(app, "top") == pytest.approx(found.divergence.max(), rel=1e-4)


def test_the_address_says_which_cell_of_the_lens_is_looked_at() -> None:
    app = opened("beyond", model="gpt2-mini", text="The history of the", beyond="lens", lens_row="2", lens_token="1")
    found = layers.lens(model("gpt2-mini"), "The history of the", k=8)
    assert not app.exception and f"**At {found.labels[1]}**, after layer 1" in written(app)
    np.testing.assert_allclose(table(app, {"i", "chance"}, 1)["chance"], found.chances[2, 1], rtol=1e-5)
    assert given(app, "cell") == [{"r": 2, "c": 1}]


def test_a_masked_token_of_the_lens_and_none() -> None:
    app = opened("beyond", model="bert-mini", text=TEXT, beyond="lens", lens_masked="3")
    assert not app.exception and given(app, "tokens")[3] == "[MASK]"
    found = layers.lens(model("bert-mini"), capture(model("bert-mini"), TEXT), masked=3, k=8)
    assert given(app, "words") == [at[0].strip() or repr(at[0]) for row in found.words for at in row]


def test_contributions_of_gpt2_mini() -> None:
    app = opened("beyond", model="gpt2-mini", text="The history of the", beyond="parts")
    for text in ("The history of the", "In 1914 the army crossed the"):
        settle(app.text_area(key="text").set_value(text).run())
        assert not app.exception and len(charts(app)) == 2
        found = contributions.contributions(model("gpt2-mini"), text)
        assert f"{found.logit:.3f}. The parts add up to {found.total:.3f}" in written(app)
        bars = table(app, {"i", "low", "high", "value", "sum"})
        assert bars["value"].sum() == pytest.approx(2 * found.total, rel=1e-4) and bars["value"].iloc[-1] == pytest.approx(found.total, rel=1e-4)
        cells = table(app, {"row", "head", "value", "removed"}, 1)
        np.testing.assert_allclose(cells["value"], found.heads.ravel(), rtol=1e-3, atol=1e-5)
    against = found.best[1][0]
    settle(app.selectbox(key="parts_against").set_value(against).run())
    assert not app.exception and escaped(f"{found.name} - {found.best[1][1]}".strip()) in written(app)


def test_the_strongest_head_is_named_and_a_click_opens_it() -> None:
    app = opened("beyond", model="gpt2-mini", text="The history of the", beyond="parts")
    found = contributions.contributions(model("gpt2-mini"), "The history of the")
    layer, head = (int(i) for i in np.unravel_index(np.argmax(np.abs(found.heads)), found.heads.shape))
    button = app.button(key=f"strongest_{layer}_{head}")
    assert f"{found.heads[layer, head]:+.3f}" in button.label
    settle(button.click().run())
    assert not app.exception and given(app, "cell", 1) == [{"row": layer, "head": head}]
    assert shared(app, "layer") == str(layer) and shared(app, "head") == str(head)


@pytest.mark.parametrize("view", ["lens", "parts"])
def test_a_model_that_predicts_no_words_offers_one_that_does(view) -> None:
    app = opened("beyond", text=TEXT, beyond=view)
    assert not app.exception and "predicts no words" in written(app)
    button = next(button for button in app.button if button.key.endswith("gpt2-mini"))
    settle(button.click().run())
    assert not app.exception and app.selectbox(key="model").value == "gpt2-mini" and charts(app)


def test_a_text_that_is_too_long_is_cut_and_said() -> None:
    app = opened("beyond", model="gpt2-mini", text="word " * 400, beyond="lens")
    assert not app.exception and "cut at 256 of 402" in written(app)
    assert len(given(app, "words")) == 7 * 256


@pytest.mark.parametrize("view", ["lens", "parts"])
def test_the_second_text_of_a_pair_counts(view) -> None:
    app = opened("beyond", model="bert-mini", text="The cat sat on the mat.", beyond=view)
    settle(app.text_area(key="pair").set_value(PAIR).run())
    captured = capture(model("bert-mini"), "The cat sat on the mat.", PAIR)
    if view == "lens":
        found = layers.lens(model("bert-mini"), captured, k=8)
        assert given(app, "words") == [at[0].strip() or repr(at[0]) for row in found.words for at in row]
    else:
        at = next(i for i, word in enumerate(captured.source.labels) if word == "garden")
        settle(app.selectbox(key="parts_at").set_value(at).run())
        found = contributions.contributions(model("bert-mini"), captured, at, masked=True)
        assert not app.exception and f"{found.logit:.3f}. The parts add up to {found.total:.3f}" in written(app)
        np.testing.assert_allclose(table(app, {"row", "head", "value", "removed"}, 1)["value"], found.heads.ravel(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("view", ["tokens", "lens", "parts"])
def test_the_recipe_runs_as_it_stands_for_a_pair_too(view) -> None:
    app = opened("beyond", model="bert-mini", text="The cat sat.", beyond=view)
    settle(app.text_area(key="pair").set_value(PAIR).run())
    recipe, printed = run_recipe(app)
    assert PAIR in recipe and printed


def test_the_pictures_follow_the_theme(monkeypatch) -> None:
    for dark in (False, True):
        for module in ("input_tokens", "contributions", "lens"):
            monkeypatch.setattr(f"explorer.ui.beyond.{module}.is_dark", lambda dark=dark: dark)
        app = opened("beyond", text=TEXT)
        assert palette.diverging(dark)[2] in str(charts(app)[0]) and palette.diverging(not dark)[2] not in str(charts(app)[0])


@pytest.mark.parametrize("view", ["tokens", "lens", "parts"])
def test_a_full_accelerator_is_said_and_the_page_stays(view, monkeypatch) -> None:
    app = opened("beyond", model="gpt2-mini", text="The history of the", beyond=view)
    shown = settle(app.text_area(key="text").set_value("The history of the town").run())
    assert not shown.exception and charts(shown)

    def full(*_args: object, **_kwargs: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    # The text was captured already; what this page computes itself has no room now.
    for key in [key for key, job in list(JOBS._known.items()) if job.over]:
        JOBS.forget(key)
    with monkeypatch.context() as patched:
        patched.setattr(scoring, "scores_of", full)
        patched.setattr(kernel, "attend", full)
        settle(app.run())
        assert not app.exception and "has no room for" in written(app) and not charts(app)
    settle(app.run())
    assert not app.exception and charts(app), "room came back, and the page tries again"
