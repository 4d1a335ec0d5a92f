"""One token through all layers: the rows of the maps, and the keys that get most."""

import numpy as np
import pytest

import models
from explorer.capture import capture
from explorer.follow import follow
from explorer.views import view
from tests import tiny

TEXT = "Seven green apples fell from a tall tree."


@pytest.mark.parametrize(("special", "pair"), [("raw", "all"), ("hidden", "all"), ("renormalised", "all"), ("raw", "A→B")])
def test_each_row_is_that_of_the_map_of_its_head(bert, special, pair):
    captured = capture(bert, "Where did they play?", "In the garden.")
    found = follow(captured, 3, special=special, pair=pair)
    assert [layer.layer for layer in found.layers] == list(range(6)) and found.label == captured.tokens[3]
    for layer in found.layers:
        for head in (0, 7, 11):
            whole = captured.pattern(layer.layer, head), captured.visible(layer.layer)
            shown = view(*whole, captured.queries(), captured.keys(), special=special, pair=pair)
            np.testing.assert_allclose(layer.weights[head], shown.weights[shown.row(3)], atol=1e-6)
            assert list(found.labels) == shown.column_labels and found.keys.tolist() == shown.columns.tolist()


def test_what_gets_most_over_all_heads_is_named(bert):
    captured = capture(bert, TEXT)
    for query in (1, 4):
        for layer in follow(captured, query).layers:
            mean = captured.mean(layer.layer)[query]
            expected = sorted(range(len(mean)), key=lambda key: -mean[key])[:3]
            assert [key for key, _weight in layer.top()] == expected
            np.testing.assert_allclose([weight for _key, weight in layer.top()], mean[expected], atol=1e-6)


@pytest.mark.parametrize("part", ["encoder", "decoder", "cross"])
def test_an_encoder_decoder_has_three_kinds_of_rows(part, tmp_path):
    captured = capture(models.load(tiny.save("bart", tmp_path)), "seven green apples", target="one two three")
    found = follow(captured, 2, part)
    expected = captured.patterns(1, part)[:, 2]
    np.testing.assert_allclose(found.layers[1].weights, expected, atol=1e-6)
    assert found.layers[1].visible.tolist() == captured.visible(1, part)[2].tolist()
    assert found.label == captured.queries(part).labels[2] and list(found.labels) == captured.keys(part).labels


def test_a_token_of_a_causal_model_looks_at_nothing_that_comes_later(tmp_path):
    found = follow(capture(models.load(tiny.save("gpt2", tmp_path)), TEXT), 1)
    for layer in found.layers:
        assert layer.visible.tolist() == [True, True] + [False] * (len(found.keys) - 2)
        assert {key for key, _weight in layer.top()} == {0, 1}


def test_of_a_long_text_the_keys_that_matter_are_kept_and_no_weight_changes(bert):
    captured = capture(bert, " ".join([TEXT] * 12))
    whole = follow(captured, 5)
    found = whole.narrowed(20)
    assert len(whole.keys) > 100 and len(found.keys) == 20 and found.keys.tolist() == sorted(found.keys)
    for layer, all_of_it in zip(found.layers, whole.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, all_of_it.weights[:, found.keys])
        assert whole.keys[all_of_it.top(1)[0][0]] in found.keys
    assert whole.narrowed(len(whole.keys)) is whole


def test_a_token_that_is_not_there_is_refused(bert):
    with pytest.raises(IndexError, match="token 90"):
        follow(capture(bert, TEXT), 90)
