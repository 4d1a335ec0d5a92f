"""One token through all layers, as the page shows it."""

import csv
import io

import numpy as np
import pytest

from explorer.capture import capture
from explorer.follow import SHOWN, follow
from explorer.ui.attention import one_token
from tests import tiny as tiny_models
from tests.pages.shared import charts, in_one_run, run_recipe, settle, started, table, written

ROWS, TOPS = {"r", "c", "end", "w", "layer", "head"}, {"layer", "place", "w", "q", "n"}


def spec_values(app, chart: int) -> dict:
    """Parameters of a chart by name."""
    return {param["name"]: param.get("value") for param in charts(app)[chart]["params"]}


def test_all_rows_and_the_tokens_that_get_most_are_those_of_the_text_and_of_the_token(bert):
    app = started(view="token", layer="2", head="8")
    for text, query in (("The cat sat on the mat.", 2), ("Seven green apples fell from a tree.", 3)):
        settle(app.text_area(key="text").set_value(text).run())
        settle(app.selectbox(key="q").set_value(query).run())
        captured = capture(bert, text)
        assert not app.exception and f"**{captured.tokens[query]} (position {query})**" in written(app)
        cells = table(app, ROWS, chart=0)
        expected = np.concatenate([captured.patterns(layer)[:, query] for layer in range(6)])
        np.testing.assert_allclose(cells["w"], expected.ravel(), atol=1e-5)
        assert (cells["r"] == cells["layer"] * 12 + cells["head"]).all()
        assert spec_values(app, 0)["key_tokens"] == captured.tokens
        tops = table(app, TOPS, chart=1)
        best = [(layer.layer, place, *found) for layer in follow(captured, query).layers for place, found in enumerate(layer.top())]
        assert list(zip(tops["layer"], tops["place"], tops["q"], strict=True)) == [one[:3] for one in best]
        np.testing.assert_allclose(tops["w"], [one[3] for one in best], atol=1e-5)
        np.testing.assert_allclose(table(app, {"c", "w"}, chart=2)["w"], captured.pattern(2, 8)[query], atol=1e-5)


def test_special_tokens_that_are_hidden_are_no_rows_and_no_columns(bert):
    app = started(view="token", special="renormalised", q="0")
    captured = capture(bert, app.text_area(key="text").value)
    # [CLS] cannot be followed where it is hidden.
    query = app.selectbox(key="q").value
    assert not app.exception and query == 2 and spec_values(app, 0)["key_tokens"] == captured.tokens[1:-1]
    found = follow(captured, query, special="renormalised")
    np.testing.assert_allclose(table(app, ROWS, chart=0)["w"], np.concatenate([layer.weights for layer in found.layers]).ravel(), atol=1e-5)


def test_what_is_taken_away_is_what_is_shown(bert):
    app = started(view="token", q="4", special="hidden")
    found = follow(capture(bert, app.text_area(key="text").value), 4, special="hidden")
    rows = list(csv.DictReader(io.StringIO(one_token.csv(found).decode("utf-8-sig"))))
    assert len(rows) == 72 * len(found.keys)
    at = next(row for row in rows if (row["layer"], row["head"], row["key"]) == ("3", "5", "2"))
    assert float(at["weight"]) == pytest.approx(found.layers[3].weights[5, found.keys.tolist().index(2)], rel=1e-6)
    _recipe, printed = run_recipe(app)
    assert printed.startswith("0 [(") and f"{found.layers[5].top()[0][1]}" in printed


@pytest.mark.parametrize("part", ["encoder", "decoder", "cross"])
def test_the_three_kinds_of_an_encoder_decoder(part, monkeypatch, tmp_path):
    in_one_run(monkeypatch)
    app = started(view="token", model=str(tiny_models.save("bart", tmp_path)), text="seven green apples", target="one two", part=part, q="1")
    assert not app.exception and not app.error
    rows = table(app, ROWS, chart=0)
    assert rows["layer"].max() == 1 and rows.groupby(["layer", "head"])["w"].sum().to_numpy() == pytest.approx(1.0, abs=1e-4)
    # Where the sides differ, the tokens that can be followed are drawn apart from those in the picture.
    assert ("token_pills" in [group.key for group in app.button_group]) == (part == "cross")


def test_a_view_only_model_has_rows_too(monkeypatch, tmp_path):
    in_one_run(monkeypatch)
    app = started(view="token", model=str(tiny_models.save("falcon", tmp_path)), text="seven green apples", q="2")
    assert not app.exception and not app.error
    rows = table(app, ROWS, chart=0)
    assert len(rows) and rows.groupby(["layer", "head"])["w"].sum().to_numpy() == pytest.approx(1.0, abs=1e-3)


def test_a_long_text_shows_the_tokens_that_matter_and_says_so(bert):
    text = " ".join(["Seven green apples fell from a tall tree."] * 30)
    app = started(view="token", q="9", text=text)
    captured = capture(bert, text, max_tokens=1024)
    assert not app.exception and f"The {SHOWN} tokens that some layer looks at most, of {len(captured.tokens)}" in written(app)
    shown = follow(captured, 9).narrowed()
    assert spec_values(app, 0)["key_tokens"] == list(shown.labels)
    assert table(app, ROWS, chart=0)["w"].max() == pytest.approx(max(layer.weights.max() for layer in shown.layers), abs=1e-5)
