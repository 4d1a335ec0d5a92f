"""Q23: steps against a walk through the graph, edge by edge; the scan against scipy's filter; times as they are shipped."""

from functools import cache

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from explorer.lectures import q23_serial as q23
from explorer.lectures import shipped
from explorer.lectures.demo import Result
from explorer.lectures.registry import demo
from explorer.lectures.words import read

DEMO = demo("Q23")


def longest(kind: str, n: int, layers: int, generating: bool) -> int:
    """The longest path, by what each output reads."""

    @cache
    def path(layer: int, t: int) -> int:
        if layer < 0:
            return path(layers - 1, t - 1) if generating and t > 0 else 0
        reads = {(layer - 1, t)}
        if kind == "rnn":
            reads |= {(layer, t - 1)} if t else set()
        else:
            reads |= {(layer - 1, j) for j in range(t)}
        return 1 + max(path(*one) for one in reads)

    return max(path(layers - 1, t) for t in range(n))


@pytest.mark.parametrize("kind", ["rnn", "transformer"])
@pytest.mark.parametrize("generating", [False, True])
@pytest.mark.parametrize(("n", "layers"), [(4, 1), (7, 3), (9, 2)])
def test_serial_steps_are_the_longest_path(kind, generating, n, layers):
    expected = longest(kind, n, layers, generating)
    assert q23.serial_steps(kind, n, layers, generating=generating) == expected == q23.ready(kind, n, layers, generating=generating).max()


@pytest.mark.parametrize(("n", "rounds"), [(16, 4), (1000, 10), (1024, 10), (1025, 11)])
def test_a_scan_takes_log2_rounds_and_gives_what_the_loop_gives(n, rounds):
    found, apart = q23.scanned(n)
    assert found == rounds and apart < 1e-12
    assert q23.serial_steps("scan", n, 3) == 3 * rounds


def test_the_loop_is_a_filter():
    """With one factor for all steps a linear recurrence is a filter of the first order."""
    b = np.random.default_rng(0).standard_normal(50)
    h = 0.0
    for value, expected in zip(b, lfilter([1], [1, -0.7], b), strict=True):
        h = 0.7 * h + value
        assert h == pytest.approx(expected)


def test_work_is_counted_as_by_hand(opener):
    found = DEMO.compute(opener)
    n, d = 100, 512
    products = [(n, d, 3 * d), (n, d, n), (n, n, d), (n, d, d), (n, d, 4 * d), (n, 4 * d, d)]
    assert found["transformer_work"] == sum(a * b * c for a, b, c in products)
    assert found["rnn_work"] == 2 * n * d * d and found["pairs"] == pytest.approx(2 * n * n * d / found["transformer_work"])


def test_both_networks_are_of_one_size_and_read_from_left_to_right():
    networks = q23.networks()
    sizes = [sum(weight.numel() for weight in network.parameters()) for network in networks.values()]
    assert max(sizes) < 1.01 * min(sizes) and [*shipped.read("q23_serial").data["parameters"].values()] == sizes
    tokens = torch.arange(20)[None]
    other = tokens.clone()
    other[0, 12] = 50
    for network in networks.values():
        network.eval()
        with torch.no_grad():
            moved = (network(input_ids=tokens).logits - network(input_ids=other).logits).abs().amax(dim=(0, 2))
        assert moved[:12].max() < 1e-6 < moved[12:].min()


@pytest.mark.parametrize("n", [64, 2048])
def test_times_are_those_that_were_measured(opener, n):
    rows = {row[0]: row[1:] for row in shipped.read("q23_serial").data["times"]}
    result = DEMO.compute(opener, n=n, when="generating")
    assert result["rnn_doubles"] == pytest.approx(rows[2048][0] / rows[1024][0])
    drawn = DEMO.pictures(result, read("q23_serial", "en"), False)
    table = drawn[0].tables["points"]
    assert table[table["x"] == n]["y"].tolist() == pytest.approx([1000 * seconds for seconds in rows[n]])
    assert drawn[1].tables["bars"]["value"].tolist()[:2] == [2 * n, 2 * n]


def test_make_times_each_length(monkeypatch):
    monkeypatch.setattr(q23, "LENGTHS", (4, 8))
    monkeypatch.setattr(q23, "TRIES", 1)
    told = []
    made = q23.make(told.append)
    assert [row[0] for row in made["times"]] == [4, 8] and all(min(row[1:]) > 0 for row in made["times"]) and told[-1] == pytest.approx(1)


@pytest.mark.parametrize(("growth", "letter"), [((2, 1.0), "A"), ((2, 2.05), "B"), ((2.1, 3.6), "C"), ((4, 4.1), "D")])
def test_the_measurement_decides_which_option_is_right(growth, letter):
    assert DEMO.right(Result((), {"growth": growth})) == letter
