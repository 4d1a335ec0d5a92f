"""Heads by what they do, heads like one, and heads that changed, against loops over the table."""

import numpy as np
import pytest

from explorer.atlas import changed, find, landing, making, shipped, space
from explorer.atlas.options import Options
from explorer.i18n import speaking
from models import InputError
from tests.explorer.atlas.test_reading import corpus


def test_conditions_are_those_of_a_loop():
    atlas = shipped.opened("gpt2-mini")
    held = find.heads(atlas.heads, "previous > .2 and distance < 3; confidence >= 0.3")
    expected = [row.previous > 0.2 and row.distance < 3 and row.confidence >= 0.3 for row in atlas.heads.itertuples()]
    assert held.tolist() == expected and 0 < sum(expected) < len(expected)
    assert find.heads(atlas.heads, "role = sink").tolist() == ["sink" in roles for roles in atlas.heads["roles"]]
    assert find.heads(atlas.heads, "").all()
    assert find.parse("Previous Token > 1") == [find.Condition("previous", ">", 1.0)]
    with speaking("zh"):
        assert find.parse("前一 token > .5，distance < 3")[0].name == "previous"


@pytest.mark.parametrize("text", ["previous", "what > 1", "previous > much", "previous = 1", "role > sink", "role = king", "> 1", "previous >"])
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(InputError) as error:
        find.parse(text)
    assert error.value.advice


@pytest.mark.parametrize("name", ["bert", "translate-mini"])
def test_heads_like_one_are_the_nearest_in_all_metrics(name):
    atlas = shipped.opened(name)
    part = atlas.parts[-1]
    table = atlas.heads.loc[part]
    names = [n for n in atlas.metrics if table[n].notna().any() and table[n].std() > 0]
    values = ((table[names] - table[names].mean()) / table[names].std(ddof=0)).fillna(0)
    far = ((values - values.iloc[5]) ** 2).sum(axis=1)
    expected = far.sort_values(kind="stable").index[1:6]
    found = space.like(atlas, (part, *table.index[5]))
    assert list(zip(found["layer"], found["head"], strict=True)) == list(expected)
    for how in ("pca", "tsne"):
        points = space.layout(atlas, part, how)
        assert points.shape == (len(table), 2) and np.isfinite(points).all()
        np.testing.assert_array_equal(points, space.layout(atlas, part, how))
    assert set(space.clusters(atlas, part)) == set(range(1, 7))


def test_the_head_that_is_pruned_is_the_one_that_changed(tiny):
    model = tiny("bert")
    one, other = (making.make(model, corpus(), Options(pruned=heads)) for heads in ("", "1.2"))
    table = changed.between(one, other, "encoder")
    assert len(table) == 8 and (table["layer"][0], table["head"][0], table["metric"][0]) == (1, 2, "norm")
    assert table["after"][0] == 0 and table["before"][0] == pytest.approx(one.heads.loc[("encoder", 1, 2), "norm"])
    assert (table["change"][1:] == 0).all(), "nothing else of the last layer, and nothing below it"
    assert table["sure"][0] > 2
    same = changed.between(one, one, "encoder")
    assert (same["change"] == 0).all()
    with pytest.raises(InputError, match="cross"):
        changed.between(shipped.opened("translate-mini"), one, "cross")


def test_what_a_row_looks_at():
    tokens, special = ["[CLS]", "a", "b", ",", "a", "b", "c"], [True, *[False] * 6]
    expected = {(4, 0): "special", (4, 2): "induction", (4, 1): "duplicate", (3, 2): "previous", (2, 3): "next", (6, 6): "same"}
    expected |= {(6, 3): "punctuation", (6, 1): "other", (5, 3): "induction"}
    assert {at: landing.kind_of(*at, tokens, special) for at in expected} == expected
    assert landing.kind_of(3, 0, tokens[1:], special[1:]) == "duplicate"
    assert landing.kind_of(1, 0, tokens[1:], special[1:]) == "first"
    assert landing.kind_of(1, 0, tokens[1:], special[1:], square=False) == "other"
