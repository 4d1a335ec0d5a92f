"""The command `weights`: the same numbers as from Python, and clear words where it cannot."""

import json

import numpy as np
import pytest

from explorer.cli.main import main
from explorer.weights import head as reading
from explorer.weights.opened import opened
from explorer.weights.survey import survey
from tests import tiny as making


@pytest.fixture
def folder(tmp_path):
    return str(making.save("bert", tmp_path / "bert"))


def test_all_heads(folder, tiny, tmp_path, capsys):
    out = tmp_path / "all.json"
    assert main(["weights", "--model", folder, "--top", "3", "--json", str(out)]) == 0
    made, found = json.loads(out.read_text()), survey(opened(tiny("bert")))
    np.testing.assert_allclose(made["copying"], found.copying, atol=1e-6)
    np.testing.assert_allclose(made["previous"], found.distances.previous, atol=1e-6)
    assert len(made["edges"]) == 3
    best = found.composition.edges(most=1)[0]
    assert (made["edges"][0]["kind"], made["edges"][0]["writer"], made["edges"][0]["reader"]) == (best.kind, list(best.writer), list(best.reader))
    assert "copying" in capsys.readouterr().out


def test_one_head_and_a_token(folder, tiny, tmp_path, capsys):
    out = tmp_path / "one.json"
    assert main(["weights", "--model", folder, "--head", "1.3", "--token", "cat", "--top", "4", "--json", str(out)]) == 0
    made, weights = json.loads(out.read_text()), opened(tiny("bert"))
    pairs = reading.matched(weights, 1, 3, top=4)
    assert [row[0] for row in made["matched"]] == reading.named(weights, pairs.rows)
    np.testing.assert_allclose([row[2] for row in made["matched"]], pairs.values, atol=1e-5)
    words = reading.promoted(weights, reading.token_of(weights, "cat"), 1, 3, top=4)
    assert [row[0] for row in made["token"]["words"]["less"]] == reading.named(weights, words.less)
    assert len(made["distances"]) == 2 * 40 - 1 and len(made["moving"]) == 4
    said = capsys.readouterr()
    assert "words more" in said.out and "keys less" in said.out
    assert "does not fold" in said.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--head", "7.1"], "has no head 7.1"),
        (["--head", "0.1,0.2"], "is not one head"),
        (["--token", "cat"], "says nothing without a head"),
        (["--top", "0"], "Ask for at least one"),
        (["--part", "cross"], "has no part cross"),
        (["--head", "0.1", "--token", ""], "There is no token"),
    ],
)
def test_what_makes_no_sense_is_said(folder, capsys, more, said):
    assert main(["weights", "--model", folder, *more]) == 1
    assert said in capsys.readouterr().err


def test_tokens_as_they_arrive(folder, tiny, tmp_path):
    out = tmp_path / "made.json"
    assert main(["weights", "--model", folder, "--head", "1.3", "--arriving", "--top", "4", "--json", str(out)]) == 0
    pairs = reading.matched(opened(tiny("bert"), arriving=True), 1, 3, top=4)
    np.testing.assert_allclose([row[2] for row in json.loads(out.read_text())["matched"]], pairs.values, atol=1e-5)


def test_an_encoder_decoder_and_a_part_without_words(tmp_path, capsys):
    folder, out = str(making.save("bart", tmp_path / "bart")), tmp_path / "made.json"
    assert main(["weights", "--model", folder, "--json", str(out)]) == 0
    assert json.loads(out.read_text())["copying"] is None
    assert "only through the decoder" in capsys.readouterr().err
    assert main(["weights", "--model", folder, "--part", "cross", "--head", "0.1", "--json", str(out)]) == 0
    made = json.loads(out.read_text())
    assert made["part"] == "cross" and made["distances"] is None and made["moved"]
