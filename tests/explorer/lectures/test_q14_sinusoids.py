"""Q14 against loops over single numbers."""

import json
import math

import numpy as np
import pytest

from explorer.lectures import demo, q14_sinusoids
from explorer.lectures.words import read
from models.opening.catalogue import SHIPPED


def _code(position: int, width: int = 512) -> np.ndarray:
    """A row of the table, one number after the other, in Python's own floats."""
    made = []
    for pair in range(width // 2):
        angle = position / 10000 ** (2 * pair / width)
        made += [math.sin(angle), math.cos(angle)]
    return np.array(made)


@pytest.fixture(scope="module")
def table():
    return np.array([_code(position) for position in range(1010)])


@pytest.mark.parametrize("k", [0, 5, 44])
def test_one_matrix_takes_every_position_k_further(opener, table, k):
    result = demo("Q14").compute(opener, k=k)
    assert result["deviation"] < 1e-11
    # A pair as a complex number cos + i sin, turned by a product.
    for position in (0, 1, 37, 900):
        turned = q14_sinusoids.turn(k) @ table[position]
        for pair in (0, 1, 100, 255):
            number = complex(table[position][2 * pair + 1], table[position][2 * pair]) * np.exp(1j * k / 10000 ** (2 * pair / 512))
            assert np.allclose([turned[2 * pair], turned[2 * pair + 1]], [number.imag, number.real], atol=1e-12)


def test_the_dot_product_depends_on_the_offset_alone(opener, table):
    result = demo("Q14").compute(opener, k=5)
    found = [sum(a * b for a, b in zip(table[p], table[p + 5], strict=True)) for p in range(1000)]
    assert abs((max(found) - min(found)) - result["offset"]) < 1e-10 and max(found) - min(found) < 1e-10


def test_wavelengths_hands_and_the_first_rise(opener, table):
    result = demo("Q14").compute(opener)
    assert abs(result["fastest"] - 6.283185307) < 1e-6 and abs(result["slowest"] - 60_611.5) < 0.1

    def apart(position: int, pair: int) -> float:
        turns = position / 10000 ** (2 * pair / 512) / (2 * math.pi)
        return abs(turns - round(turns)) * 2 * math.pi

    first = [p for p in range(1, 1000) if apart(p, 0) < 0.01]
    assert first == [333, 377, 710] and result["one_hand"] == 3 and result.said["same"] == "333, 377, 710"
    assert result["all_hands"] == sum(all(apart(p, pair) < 0.01 for pair in range(256)) for p in range(1, 1000)) == 0
    alike = [float(table[0] @ table[j]) for j in range(60)]
    assert result["rise"] == next(j for j in range(59) if alike[j + 1] > alike[j]) == 43


@pytest.mark.parametrize("name", ["bert-mini", "gpt2-mini"])
def test_a_learned_table_is_that_of_the_model(opener, name):
    result = demo("Q14").compute(opener, table=name)
    network = opener(name).network
    weight = next(w for n, w in network.named_parameters() if n.endswith(("position_embeddings.weight", "wpe.weight")))
    assert result["learned"] == weight.shape[0] * weight.shape[1] and result["parameters"] == 0
    assert np.array_equal(result.data["values"], weight.detach().numpy())


def test_trained_toys_are_those_that_come_with_the_project(opener):
    result = demo("Q14").compute(opener)
    readings = json.loads((SHIPPED / "extrapolation" / "curves.json").read_text(encoding="utf-8"))["readings"]
    for kind in ("sinusoidal", "learned"):
        found = [r["accuracy"] for r in readings if r["scheme"] == kind and r["length"] == 32]
        assert abs(result[f"trained_{kind}"] - sum(found) / len(found)) < 1e-9


def test_hands_are_drawn_where_the_position_says(opener):
    one, words = demo("Q14"), read("q14_sinusoids", "en")
    drawn = one.pictures(one.compute(opener, pos=3, k=8), words, False)[0].tables["hands"]
    assert np.allclose(drawn["turn"][:2], np.degrees([3 % (2 * math.pi), 11 % (2 * math.pi)]))
    assert np.hypot(drawn["x2"] - drawn["x"], drawn["y2"] - drawn["y"]).std() < 1e-9


@pytest.mark.parametrize("view", q14_sinusoids.VIEWS)
@pytest.mark.parametrize("table_", ["sinusoids", "gpt2-mini"])
def test_every_view_is_of_the_table_that_is_asked_for(opener, view, table_):
    one, words = demo("Q14"), read("q14_sinusoids", "en")
    picture = one.pictures(one.compute(opener, view=view, table=table_), words, False)[1]
    assert max(len(rows) for rows in picture.tables.values()) > 1
    if view == "matrix":
        values = picture.tables["cells"].pivot(index="r", columns="c", values="value").to_numpy()
        of = opener(table_).network.transformer.wpe.weight.detach().numpy() if table_ != "sinusoids" else np.array([_code(p) for p in range(24)])
        assert np.allclose(values, of[:24, :48], atol=1e-6)
    if view == "similarity" and table_ != "sinusoids":
        rows = opener(table_).network.transformer.wpe.weight.detach().double().numpy()
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        mean = np.mean([rows[p] @ rows[p + 7] for p in range(len(rows) - 7)])
        drawn = picture.tables["points"].query("series == @table_")
        assert abs(drawn["y"].iloc[7] - mean) < 1e-5
