"""Q7: each measure against a loop over heads."""

import numpy as np
import pytest
import torch

from explorer.lectures import q07_diversity, shipped
from explorer.lectures.q07_diversity import HEADS
from explorer.lectures.words import read


def test_the_products_are_the_same_for_every_number_of_heads(opener):
    for heads in (1, 8, 32):
        result = q07_diversity.compute(opener, heads=heads, n=50)
        by_hand = sum(512 // heads for _head in range(heads) for _query in range(50) for _key in range(50))
        assert result["scores"] == result["weighted"] == by_hand and result["same"] == 0
        assert result["bytes"] == np.zeros((heads, 50, 50), np.float32).nbytes
    assert q07_diversity.compute(opener)["scores"] == 5_120_000


def test_patterns_are_those_of_each_head_by_itself():
    states = q07_diversity.drawn(9)
    for heads in (1, 4):
        layer = q07_diversity.layer_of(heads)
        width = 512 // heads
        q, k, _v = (states[0] @ part.detach().T for part in layer.qkv.weight.chunk(3))
        found = q07_diversity.patterns_of(layer, states)
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            for i in range(9):
                raised = np.exp([float(q[i, part] @ k[j, part]) / width**0.5 for j in range(9)])
                assert np.allclose(found[head, i], raised / raised.sum(), atol=1e-5)


def test_all_numbers_of_heads_have_the_same_weights():
    one, many = q07_diversity.layer_of(1), q07_diversity.layer_of(16)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), many.parameters(), strict=True))


def test_patterns_that_are_the_same_count_once(opener):
    row = np.array([[0.2, 0.8], [0.5, 0.5], [0.2, 0.8]])
    assert q07_diversity.different(row[:, None, :]) == 2
    assert q07_diversity.compute(opener, heads=16)["patterns"] == 16


def test_heads_are_groups_of_a_convolution():
    layer, states = q07_diversity.layer_of(4), q07_diversity.drawn(5)
    assert q07_diversity.grouped_deviation(layer, states) < 1e-5
    convolution = torch.nn.Conv1d(512, 4 * 512, 1, groups=4, bias=False)
    with torch.no_grad():
        for head in range(4):
            convolution.weight[head * 512 : (head + 1) * 512, :, 0] = layer.output.weight[:, head * 128 : (head + 1) * 128]
        summed = convolution(states.mT).unflatten(1, (4, 512)).sum(1).mT
        assert torch.allclose(summed, layer.output(states), atol=1e-4)


def test_times_are_those_that_were_measured(opener):
    times = {heads: seconds for heads, seconds in shipped.read("q07_diversity").data["times"]}
    assert tuple(times) == HEADS and all(seconds > 0 for seconds in times.values())
    result = q07_diversity.compute(opener, heads=4)
    assert (result["time"], result["time_one"]) == pytest.approx((1e3 * times[4], 1e3 * times[1]))
    bars = q07_diversity.more(result, read("q07_diversity", "en"), False)[0].tables["bars"]
    assert bars["value"].tolist() == pytest.approx([1e3 * seconds for seconds in times.values()])
