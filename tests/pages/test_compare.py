"""The comparison as Streamlit runs it, without a browser: what is drawn is what is computed, whatever changes."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from explorer.ablation import heads
from explorer.capture import Capture, capture
from explorer.charts.common import palette
from explorer.compare import comparison
from explorer.scores import null
from explorer.ui.common import session
from explorer.ui.compare import second
from tests.pages.shared import charts, in_one_run, opened, run_recipe, settle, shared, table, written

TEXT = "The cat sat on the mat."
PAIR = "The dog slept in the garden."


def given(app: AppTest, name: str, chart: int) -> object:
    """The value of a chart's parameter."""
    return next(param["value"] for param in charts(app)[chart]["params"] if param["name"] == name)


def pixels(app: AppTest, name: str = "difference") -> np.ndarray:
    """A map as it is drawn, beside others or alone, (rows, columns, 3)."""
    drawn = app.get("vega_lite_chart")[1].proto.datasets
    (table,) = (convert_arrow_bytes_to_pandas_df(one.data.data) for one in drawn if one.name in (name, "matrix"))
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(table["png"].iloc[0]))).convert("RGB"))


def painted(values: np.ndarray) -> np.ndarray:
    """The colours of numbers from -1 to 1."""
    return palette.table(False, signed=True)[((np.clip(values, -1, 1) + 1) * 127.5).round().astype(int)]


def weights(values: np.ndarray) -> np.ndarray:
    """The colours of weights from 0 to 1."""
    return palette.table(False)[(np.clip(values, 0, 1) * 255).round().astype(int)]


def scales(app: AppTest) -> list[tuple]:
    """Of the maps, one by one: the colours of its scale, and where that begins."""
    (spec,) = (chart for chart in charts(app) if any(param["name"] == "matrix_top" for param in chart["params"]))
    found = [panel["layer"][1]["encoding"]["color"]["scale"] for panel in spec.get("hconcat", [spec])]
    return [(scale["range"], scale["domainMin"]) for scale in found]


OF_WEIGHTS = (palette.colours(), 0)


def same(app: AppTest, one: Capture, other: Capture, measure: str = "total", head: tuple[int, int] | None = None) -> tuple[int, int]:
    """The page shows how these two differ: the board, what is named as changed most, the map; returns the head that is looked at."""
    assert not app.exception
    changed = comparison.changes(one, other)
    values = getattr(changed, measure)
    cells = table(app, {"row", "head", "value", "removed"})
    np.testing.assert_allclose(cells["value"], values[~np.isnan(values)], rtol=1e-4, atol=1e-6)
    ranked = sorted(changed.ranked, key=lambda at: -values[at])
    named = [button.label for button in app.button if str(button.key).startswith("changed_most")]
    assert named == [f"**{layer}.{number}** {values[layer, number]:.2f}" for layer, number in ranked[: len(named)]] and named
    (framed,) = given(app, "cell", 0)
    at = framed["row"], framed["head"]
    assert at == (head or ranked[0])
    rows, columns = comparison.align(one.queries(), other.queries()), comparison.align(one.keys(), other.keys())
    difference = comparison.difference(one.pattern(*at), other.pattern(*at), rows, columns)
    top = max(0.02, float(np.abs(difference).max()))
    assert given(app, "matrix_top", 1) == pytest.approx(top) and given(app, "matrix_rows", 1) == list(rows.labels)
    np.testing.assert_array_equal(pixels(app), painted(difference / top))
    # All three side by side, both sides on the scale of weights, from 0; the difference alone diverges.
    assert scales(app) == [OF_WEIGHTS, OF_WEIGHTS, (palette.diverging(), {"expr": "-matrix_top"})]
    assert given(app, "weights_top", 1) == 1.0
    np.testing.assert_array_equal(pixels(app, "one"), weights(one.pattern(*at)[np.ix_(rows.one, columns.one)]))
    np.testing.assert_array_equal(pixels(app, "other"), weights(other.pattern(*at)[np.ix_(rows.other, columns.other)]))
    return at


def test_one_word_of_one_text_and_of_the_next(bert) -> None:
    app = opened("compare", text=TEXT)
    assert len(charts(app)) == 2
    head = same(app, capture(bert, TEXT), capture(bert, "The dog sat on the mat."))
    assert "9 of 9 and 9 tokens are paired" in written(app)
    settle(app.text_area(key="text").set_value("Seven cat lovers met in a small old town.").run())
    same(app, capture(bert, "Seven cat lovers met in a small old town."), capture(bert, "Seven dog lovers met in a small old town."), head=head)
    settle(app.selectbox(key="word").set_value(0).run())
    settle(app.text_input(key="into").set_value("very many").run())
    same(
        app, capture(bert, "Seven cat lovers met in a small old town."), capture(bert, "very many cat lovers met in a small old town."), head=head
    )
    assert "of 12 and 13 tokens" in written(app)


def test_a_word_of_a_chinese_text_is_a_character() -> None:
    app = opened("compare", text="我爱你，你却 不爱我。", model="zh-mini")
    assert not app.exception and app.selectbox(key="word").options == list("我爱你，你却不爱我。")
    # Another that makes sense, and the rest of the text as it is.
    assert "我恨你，你却 不爱我。" in written(app)
    settle(app.selectbox(key="word").set_value(6).run())
    assert app.text_input(key="into").value == "很" and "我爱你，你却 很爱我。" in written(app)
    assert second.another("我爱你。") == "我恨你。"


def test_both_sides_and_another_measure(bert) -> None:
    app = opened("compare", text=TEXT, compare="texts", other_text="The mat sat on the cat.")
    one, other = capture(bert, TEXT), capture(bert, "The mat sat on the cat.")
    head = same(app, one, other)
    settle(app.selectbox(key="measure").set_value("divergence").run())
    same(app, one, other, "divergence", head)
    rows = comparison.align(one.queries(), other.queries())
    for side, captured, at in (("one", one, rows.one), ("other", other, rows.other)):
        settle(app.button_group(key="compared").set_value(side).run())
        values = captured.pattern(*head)[np.ix_(at, at)]
        np.testing.assert_array_equal(pixels(app), weights(values))
        assert scales(app) == [OF_WEIGHTS] and given(app, "matrix_top", 1) == 1.0
    settle(app.button_group(key="compared").set_value("difference").run())
    top = given(app, "matrix_top", 1)
    np.testing.assert_array_equal(pixels(app), painted(comparison.difference(one.pattern(*head), other.pattern(*head), rows, rows) / top))


def test_a_pair_is_compared_with_its_second_text(bert) -> None:
    app = opened("compare", text=TEXT)
    settle(app.text_area(key="pair").set_value(PAIR).run())
    same(app, capture(bert, TEXT, PAIR), capture(bert, "The dog sat on the mat.", PAIR))


def test_a_click_on_a_name_opens_the_head_and_the_address_names_it() -> None:
    app = opened("compare", text=TEXT)
    button = [button for button in app.button if str(button.key).startswith("changed_most")][3]
    layer, head = (int(i) for i in button.key.split("_")[-2:])
    settle(button.click().run())
    assert given(app, "cell", 0) == [{"row": layer, "head": head}]
    assert app.button_group(key="compared").label == f"Layer {layer}, head {head}"
    assert (shared(app, "layer"), shared(app, "head")) == (str(layer), str(head))


def test_the_head_in_the_address_is_looked_at(bert) -> None:
    app = opened("compare", text=TEXT, layer="2", head="7")
    same(app, capture(bert, TEXT), capture(bert, "The dog sat on the mat."), head=(2, 7))


@pytest.mark.parametrize(("other", "told"), [("", "no text"), ("Гусь", "of 9 and")])
def test_a_text_that_cannot_be_compared(other, told) -> None:
    app = opened("compare", text=TEXT, compare="texts")
    settle(app.text_input(key="other_text").set_value(other).run())
    assert not app.exception and told in written(app)


@pytest.mark.parametrize("text", [TEXT, "A film about nothing.", "cat", "dog"])
def test_two_texts_differ_at_first(text) -> None:
    assert second.another(text) != text


def test_random_weights(bert) -> None:
    app = opened("compare", text=TEXT, compare="models")
    assert "random weights" in written(app)
    same(app, capture(bert, TEXT), capture(null.random_weights(bert), TEXT))


def test_two_models_in_the_same_way(monkeypatch) -> None:
    asked = []
    opening = session.open_model

    def watched(*how: str, **where: str) -> object:
        asked.append((*how, where.get("slot", "sidebar")))
        return opening(*how, **where)

    monkeypatch.setattr(session, "open_model", watched)
    app = opened("compare", model="bert-mini", text=TEXT, compare="models", device="cpu", dtype="float32", other_model="gpt2-mini")
    one, other = (session.open_model(name, "cpu", "float32") for name in ("bert-mini", "gpt2-mini"))
    same(app, capture(one, TEXT), capture(other, TEXT))
    assert ("gpt2-mini", "cpu", "float32", "compared") in asked


def test_models_without_a_layer_in_common_are_told() -> None:
    app = opened("compare", text=TEXT, compare="models", other_model="bert-mini")
    assert not app.exception and "same number of heads" in written(app)


def test_a_sidebar_model_that_fails_does_not_fall_back_to_the_compared_one(monkeypatch) -> None:
    app = opened("compare", model="bert-mini", text=TEXT, compare="models", other_model="gpt2-mini")
    in_one_run(monkeypatch)
    app.query_params["model"] = "/no/such/folder"
    settle(app.run())
    assert not app.exception and "no folder" in written(app) and "#### Compare :small[bert-mini]" in written(app)


def test_without_heads(bert) -> None:
    app = opened("compare", text=TEXT, compare="pruned", without="0.2,1.9")
    head = same(app, capture(bert, TEXT), capture(bert, TEXT, changes=heads.changes(bert, heads.parse(bert, "0.2,1.9"))))
    settle(app.text_input(key="without").set_value("0.2,1.9,3.4").run())
    same(app, capture(bert, TEXT), capture(bert, TEXT, changes=heads.changes(bert, heads.parse(bert, "0.2,1.9,3.4"))), head=head)
    settle(app.text_input(key="without").set_value("9.9").run())
    assert not app.exception and "no head 9.9" in written(app)


def test_a_model_of_two_stacks(tiny, monkeypatch) -> None:
    monkeypatch.setattr("explorer.ui.common.session.open_model", lambda *asked, **how: tiny("t5"))
    app = opened("compare", text="the cat sat")
    assert not app.exception and charts(app)


@pytest.mark.parametrize(
    "how", [{}, {"compare": "texts"}, {"compare": "models"}, {"compare": "models", "other_model": "gpt2-mini"}, {"compare": "pruned"}]
)
def test_the_recipe_runs_as_it_stands_for_a_pair_too(how) -> None:
    app = opened("compare", model="bert-mini", text=TEXT, **how)
    settle(app.text_area(key="pair").set_value(PAIR).run())
    recipe, printed = run_recipe(app)
    assert PAIR in recipe and printed


def test_the_map_follows_the_theme(monkeypatch) -> None:
    for dark in (False, True):
        monkeypatch.setattr("explorer.ui.compare.changed.is_dark", lambda dark=dark: dark)
        app = opened("compare", text=TEXT)
        less = np.all(pixels(app) == palette.rgb(palette.diverging(dark)[0]), -1)
        assert less.any() or np.all(pixels(app) == palette.rgb(palette.diverging(dark)[2]), -1).any()
