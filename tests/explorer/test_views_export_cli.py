"""Crops, files, and the command line."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer import export
from explorer.capture import Tokens
from explorer.charts.common import heatmap
from explorer.cli import main
from explorer.views import crop, view


@pytest.fixture(scope="module")
def captured(bert):
    return explorer.capture(bert, "Where did they play?", "In the garden.")


def shown(captured, **options):
    return view(captured.pattern(1, 2), captured.visible(1), captured.queries(), captured.keys(), **options)


def test_hidden_special_tokens_are_not_renormalised(captured):
    raw, hidden = shown(captured), shown(captured, special="hidden")
    assert not raw.removed.any() or raw.removed.max() < 1e-5
    np.testing.assert_allclose(hidden.weights.sum(1) + hidden.removed, 1, atol=1e-5)
    assert len(hidden.rows) == len(raw.rows) - 3
    np.testing.assert_allclose(shown(captured, special="renormalised").weights.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("pair", ["A→A", "A→B", "B→A", "B→B"])
def test_pairs_crop_and_never_change_a_number(captured, pair):
    part = shown(captured, pair=pair)
    assert {captured.segments[i] for i in part.rows} == {"AB".index(pair[0])}
    assert {captured.segments[i] for i in part.columns} == {"AB".index(pair[-1])}
    np.testing.assert_array_equal(part.weights, captured.pattern(1, 2)[np.ix_(part.rows, part.columns)])


def test_csv_holds_every_number(captured):
    part = shown(captured)
    rows = list(csv.DictReader(io.StringIO(export.csv(part).decode("utf-8-sig"))))
    read = np.array([np.float32(row["weight"]) for row in rows]).reshape(part.weights.shape)
    np.testing.assert_array_equal(read, part.weights)


def test_pictures_hold_the_tokens_and_are_made_without_a_browser(captured):
    part = shown(captured)

    def make():
        return heatmap.heatmap(part.weights, part.visible, part.row_labels, part.column_labels)

    assert ">garden<" in export.picture(make, "svg").decode()
    assert export.picture(make, "png").startswith(b"\x89PNG")


def test_the_recipe_runs_and_gives_the_same_numbers(captured):
    lines = export.recipe("bert", "Where did they play?", "In the garden.", layer=1, head="2", part="encoder", special="hidden")
    space = {}
    exec(lines, space)
    np.testing.assert_array_equal(space["shown"].weights, shown(captured, special="hidden").weights)


def test_capture_from_the_shell(tmp_path, bert, capsys):
    out = tmp_path / "f.npz"
    assert main.main(["capture", "--model", "bert", "--text", "The cat sat.", "--out", str(out)]) == 0
    with np.load(out) as file:
        assert file["pattern"].dtype == np.float32 and file["pattern"].shape == (6, 12, 6, 6)
        assert file["tokens"].tolist() == ["[CLS]", "the", "cat", "sat", ".", "[SEP]"]
    assert "6x12x6x6" in capsys.readouterr().out


def test_errors_on_the_shell_are_sentences(tmp_path, capsys):
    assert main.main(["capture", "--model", str(tmp_path / "no"), "--text", "x", "--out", str(tmp_path / "f.npz")]) == 1
    assert "no folder" in capsys.readouterr().err
    assert main.main(["models"]) == 0 and "bundled" in capsys.readouterr().out


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 6))
def test_renormalised_rows_sum_to_one_or_are_empty(seed, n_queries, n_keys):
    draw = np.random.default_rng(seed)
    sides = [Tokens((0,) * n, ("a",) * n, (0,) * n, tuple(bool(x) for x in draw.integers(0, 2, n))) for n in (n_queries, n_keys)]
    weights = draw.dirichlet(np.ones(n_keys), n_queries).astype(np.float32)
    found = view(weights, weights >= 0, *sides, special="renormalised")
    sums = found.weights.sum(axis=1)
    assert np.all(np.isclose(sums, 1, atol=1e-5) | (sums == 0))
    stack = crop(*sides, special="hidden").of(np.stack([weights, weights]))
    np.testing.assert_array_equal(stack[1], view(weights, weights >= 0, *sides, special="hidden").weights)
