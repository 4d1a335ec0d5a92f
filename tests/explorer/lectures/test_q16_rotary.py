"""Q16 against complex numbers, loops and scikit-learn."""

import cmath

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from explorer.lectures import demo, q16_rotary
from explorer.lectures.words import read
from explorer.tasks import data


def _complex_map(conjugate: bool, n: int) -> np.ndarray:
    """The scores with pairs as complex numbers, turned by exp(i m w)."""
    query, key = ([complex(*pair) for pair in t.double().view(-1, 2).tolist()] for t in q16_rotary.drawn())
    made = np.zeros((n, n))
    for m in range(n):
        for at in range(n):
            for pair, (q, k) in enumerate(zip(query, key, strict=True)):
                w = 10000 ** (-2 * pair / 64)
                turned = k * cmath.exp(1j * at * w)
                made[m, at] += (q * cmath.exp(1j * m * w) * (turned.conjugate() if conjugate else turned)).real
    return made


@pytest.fixture(scope="module")
def maps():
    return {conjugate: _complex_map(conjugate, 64) for conjugate in (True, False)}


def _spread(made: np.ndarray, key) -> float:
    groups: dict[int, list[float]] = {}
    for m in range(len(made)):
        for n in range(len(made)):
            groups.setdefault(key(m, n), []).append(made[m, n])
    return max(max(group) - min(group) for group in groups.values())


def test_scores_depend_on_the_difference_and_without_the_conjugate_on_the_sum(opener, maps):
    result = demo("Q16").compute(opener)
    assert result["deviation"] < 1e-5 and _spread(maps[True], lambda m, n: m - n) < 1e-12
    assert result["sum"] < 1e-5 and _spread(maps[False], lambda m, n: m + n) < 1e-12
    assert abs(result["without"] - _spread(maps[False], lambda m, n: m - n)) < 1e-5
    for conjugate in (True, False):
        drawn = demo("Q16").compute(opener, conjugate="yes" if conjugate else "no").data["map"]
        assert np.abs(drawn - maps[conjugate][:16, :16]).max() < 1e-5


def test_the_network_that_is_measured_does_turn(opener):
    network = q16_rotary._toy("rope")
    scores = q16_rotary._first_call(network, torch.zeros(1, 64, dtype=torch.long)).scores(0).numpy()
    assert abs(_spread(scores, lambda m, n: m - n) - demo("Q16").compute(opener)["toy"]) < 1e-6
    assert np.ptp(scores[0]) > 1e-3  # were nothing turned, all scores of one token would be the same


def test_slopes_and_additions(opener):
    result = demo("Q16").compute(opener)
    assert result["slopes"] < 1e-7 and result["first"] == 0.5 and result["last"] == 1 / 256
    bias = q16_rotary._first_call(q16_rotary._toy("alibi"), torch.zeros(1, 9, dtype=torch.long)).bias[0]
    for head in range(8):
        for i in range(9):
            for j in range(9):
                assert abs(float(bias[head, i, j]) + 2.0 ** -(head + 1) * abs(i - j)) < 1e-6
    assert result["additions"] == sum(144 * (i + 1) for i in range(1024)) == 75_571_200


def test_hands_turn_by_the_position_times_the_speed_of_the_pair(opener):
    before = demo("Q16").compute(opener, m=0, n=0).data["hands"]
    after = demo("Q16").compute(opener, m=12, n=5).data["hands"]
    w = 10000 ** (-2 * q16_rotary.PAIR / 64)
    assert np.allclose(before[:2], before[2:], atol=1e-6) and np.allclose(before[:2], after[:2], atol=1e-6)
    for i, at in ((0, 12), (1, 5)):
        turned = cmath.exp(1j * (after[2 + i] - after[i]))
        assert abs(turned - cmath.exp(1j * at * w)) < 1e-5


def test_where_each_acts():
    changed = dict(zip(q16_rotary.SCHEMES, q16_rotary.where() > 1e-6, strict=True))
    added = [True, True, True, True, False]
    assert changed["sinusoidal"].tolist() == changed["learned"].tolist() == added
    assert changed["rope"].tolist() == [False, True, True, False, False]
    assert changed["alibi"].tolist() == [False, False, False, False, True]


@pytest.mark.thorough
def test_the_position_is_read_as_another_library_reads_it(opener):
    result = demo("Q16").compute(opener, view="read")
    model = opener("gpt2-mini")
    text = "\n".join(example.text for example in data.passage().examples)
    ids = model.tokenizer(text)["input_ids"]
    cut = int(len(ids) * 0.7)
    found = []
    passed = []
    for part in (ids[:cut], ids[cut:]):
        windows = torch.tensor([part[at : at + 32] for at in range(0, len(part) - 31, 6)])
        with torch.inference_mode():
            passed.append(model.network(windows, output_hidden_states=True).hidden_states)
    for fitted, tried in zip(*passed, strict=True):
        rows = [layer.flatten(0, 1).numpy().astype(float) for layer in (fitted, tried)]
        at = [np.tile(np.arange(32.0), len(part) // 32) for part in rows]
        scaler = StandardScaler().fit(rows[0])
        found.append(Ridge(10.0).fit(scaler.transform(rows[0]), at[0]).score(scaler.transform(rows[1]), at[1]))
    assert np.allclose(found, result.data["read"], atol=1e-3)
    assert abs(found[0] - result["r2_first"]) < 1e-3 and abs(found[-1] - result["r2_last"]) < 1e-3


@pytest.mark.parametrize("view", q16_rotary.VIEWS)
def test_the_third_picture_is_what_is_asked_for(opener, view):
    words = read("q16_rotary", "en")
    picture = demo("Q16").pictures(demo("Q16").compute(opener, m=9, n=3, view=view), words, False)[2]
    if view.startswith("alibi"):
        cells = picture.tables["cells"].pivot(index="r", columns="c", values="value").to_numpy()
        slope = 0.5 ** int(view[-1])
        assert np.allclose(cells, [[-slope * abs(i - j) for j in range(16)] for i in range(16)])
        assert picture.tables["marked"].to_numpy().tolist() == [[9, 3]]
    elif view == "slopes":
        assert np.allclose(picture.tables["bars"]["value"], [0.5**i for i in range(1, 9)])
    else:
        assert max(len(rows) for rows in picture.tables.values()) >= 7
