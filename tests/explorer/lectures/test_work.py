"""What a layer costs, against a layer that is computed number by number."""

import pytest

from explorer.lectures.work import Shape, counted, counted_in, crossing, intensity_of_projections, intensity_of_scores, multiply_adds


def by_hand(n, d, heads, ffn, seen=lambda i, j: True):
    """Multiplications of a layer, one at a time."""
    found = dict.fromkeys(("projections", "scores", "softmax", "weighted", "output", "ffn"), 0)
    for i in range(n):
        found["projections"] += sum(1 for _matrix in "QKV" for _in in range(d) for _out in range(d))
        found["output"] += sum(1 for _in in range(d) for _out in range(d))
        found["ffn"] += sum(1 for _in in range(d) for _unit in range(ffn)) + sum(1 for _unit in range(ffn) for _out in range(d))
        for j in range(n):
            for _head in range(heads):
                if seen(i, j):
                    found["softmax"] += 1
                    found["scores"] += sum(1 for _k in range(d // heads))
                    found["weighted"] += sum(1 for _k in range(d // heads))
    return found


@pytest.mark.parametrize(("n", "d", "heads", "ffn"), [(5, 8, 2, 32), (7, 4, 4, 12), (1, 8, 1, 0)])
def test_terms_are_what_a_layer_multiplies(n, d, heads, ffn):
    of = Shape(d, heads, 1, ffn)
    assert counted(n, of) == multiply_adds(n, of) == by_hand(n, d, heads, ffn)


def test_a_causal_layer_that_skips_the_masked_half_scores_half_of_the_pairs():
    of = Shape(8, 2, 1, 32)
    assert multiply_adds(6, of, 6 * 7 // 2) == by_hand(6, 8, 2, 32, lambda i, j: j <= i)


@pytest.mark.parametrize("d", [4, 10, 64])
def test_where_pairs_overtake_is_the_first_such_length(d):
    of = Shape(d, 2, 1, 4 * d)
    for against, causal in ((("projections", "output"), False), (("ffn",), False), (("projections", "output", "ffn"), True)):
        for n in range(1, 30 * d):
            cost = multiply_adds(n, of, sum(range(1, n + 1)) if causal else None)
            if cost["scores"] + cost["weighted"] >= sum(cost[term] for term in against):
                break
        assert crossing(of, against, causal=causal) == n
    assert (crossing(of), crossing(of, ["projections", "output", "ffn"])) == (2 * d, 6 * d)
    assert crossing(of, causal=True) == 4 * d - 1


def test_operations_for_each_byte_count_what_goes_in_and_out():
    of = Shape(64, 4, 1, 256)
    x, matrix, out = 3 * 64, 64 * 64, 3 * 64
    assert intensity_of_projections(3, of, 2) == pytest.approx(2 * 3 * 64 * 64 / (2 * (x + matrix + out)))
    assert intensity_of_scores(3, of, 4) == pytest.approx(2 * 3 * 3 * 16 / (4 * (3 * 16 + 3 * 16 + 9)))


def test_what_torch_multiplies_is_counted():
    import torch

    assert counted_in(lambda: torch.ones(2, 3) @ torch.ones(3, 5)) == 30
