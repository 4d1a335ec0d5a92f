"""Sparsemax and linear attention: against brute force, and recorded and changed like a softmax."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models import attention
from models.attention import normalisers, scoring

EXACT = {"rtol": 0, "atol": 1e-5}
ROWS = st.lists(st.floats(-6, 6, width=32), min_size=1, max_size=6)


def qkv(n: int = 7, heads: int = 3, width: int = 4, value: int = 5, seed: int = 0) -> list[torch.Tensor]:
    made = torch.Generator().manual_seed(seed)
    return [torch.randn(2, heads, n, d, generator=made) for d in (width, width, value)]


def by_trying_every_support(scores: list[float]) -> np.ndarray:
    """The nearest point of the simplex, over every set of keys that may have weight."""
    best = None
    for size in range(1, len(scores) + 1):
        for support in itertools.combinations(range(len(scores)), size):
            tau = (sum(scores[i] for i in support) - 1) / size
            point = np.array([scores[i] - tau if i in support else 0.0 for i in range(len(scores))])
            distance = ((point - scores) ** 2).sum()
            if point.min() >= -1e-12 and (best is None or distance < best[0]):
                best = (distance, point)
    return best[1]


@given(ROWS)
def test_sparsemax_is_the_nearest_point_of_the_simplex(scores):
    found = normalisers.sparsemax(torch.tensor([scores]))[0]
    np.testing.assert_allclose(found, by_trying_every_support(scores), atol=1e-5)
    assert found.sum().item() == pytest.approx(1, abs=1e-5) and found.min() >= 0


@given(ROWS, st.floats(-1e3, 1e3, width=32))
def test_what_is_1_below_the_best_gets_exactly_nothing(scores, shift):
    row = torch.tensor(scores)
    found = normalisers.sparsemax(row)
    assert (found[row <= row.max() - 1] == 0).all()
    torch.testing.assert_close(normalisers.sparsemax(row + shift), found, rtol=0, atol=1e-3)


def test_gradients_of_sparsemax_against_finite_differences():
    scores = torch.tensor([[0.3, 0.1, -2.0, 0.25], [0.0, 5.0, 1.0, 4.5]], dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(normalisers.sparsemax, scores)


def test_masks_of_sparsemax_neither_overflow_nor_leak():
    scores = torch.tensor([[0.3, 0.1, 0.2, 0.25]])
    alone = normalisers.sparsemax(scores[:, :2])
    for lowest in (torch.finfo(torch.float32).min, -torch.inf):
        masked = scores.masked_fill(torch.tensor([False, False, True, True]), lowest)
        assert normalisers.sparsemax(masked).tolist() == [[*alone[0].tolist(), 0.0, 0.0]]


def recurrent(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """S_t = S_(t-1) + phi(k_t) v_t^T and z_t = z_(t-1) + phi(k_t), one step after the other."""
    q, k = (torch.where(t > 0, t + 1, t.exp()) for t in (query, key))
    state, total, outputs = 0, 0, []
    for t in range(q.shape[2]):
        state = state + k[:, :, t, :, None] * value[:, :, t, None, :]
        total = total + k[:, :, t]
        outputs.append(torch.einsum("bhd,bhdv->bhv", q[:, :, t], state) / (q[:, :, t] * total).sum(-1, keepdim=True))
    return torch.stack(outputs, dim=2)


@pytest.mark.parametrize("chunk", [1, 3, 7, 64])
def test_the_parallel_form_of_linear_attention_equals_the_recurrent_one(chunk):
    given_ = qkv()
    expected = recurrent(*given_)
    torch.testing.assert_close(normalisers.linear_attention(*given_, causal=True, chunk=chunk), expected, **EXACT)
    last = normalisers.linear_attention(*given_, causal=False)[:, :, -1]
    torch.testing.assert_close(last, expected[:, :, -1], **EXACT)  # the last position sees everything, either way


@pytest.mark.parametrize("normaliser", ["sparsemax", "linear"])
@pytest.mark.parametrize("causal", [True, False])
def test_what_is_recorded_is_what_was_computed(normaliser, causal):
    query, key, value = (t.requires_grad_() for t in qkv())
    module = torch.nn.Identity()

    def run(**more) -> torch.Tensor:
        return attention.attention_function(module, query, key, value, None, 0.5, normaliser=normaliser, causal=causal, **more)[0]

    with attention.attending() as seen:
        recorded = run()
    plain = run()  # in linear time, where that is possible
    torch.testing.assert_close(plain, recorded, **EXACT)
    record = seen.records[0]
    for example, head in itertools.product(range(2), range(3)):
        pattern = record.pattern(head, example=example)
        torch.testing.assert_close(pattern.sum(-1), torch.ones(7))
        torch.testing.assert_close(pattern @ value[example, head], recorded[example, :, head], **EXACT)
        torch.testing.assert_close(record.pattern(head, example=example, rows=slice(2, 5)), pattern[2:5], rtol=0, atol=0)
        assert not causal or (pattern.triu(1) == 0).all()
    assert torch.equal(record.visible(), torch.ones(7, 7, dtype=torch.bool).tril() if causal else torch.ones(7, 7, dtype=torch.bool))
    wanted = torch.autograd.grad((recorded**2).sum(), (query, key, value))
    for found, expected in zip(torch.autograd.grad((plain**2).sum(), (query, key, value)), wanted, strict=True):
        assert expected.abs().max() > 1e-3
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("normaliser", ["sparsemax", "linear"])
def test_blocks_of_rows_change_nothing(normaliser, monkeypatch):
    def run() -> tuple[torch.Tensor, torch.Tensor]:
        with attention.attending() as seen:
            z, _ = attention.attention_function(torch.nn.Identity(), *qkv(), None, normaliser=normaliser, causal=True)
        return z, seen.records[0].patterns()

    whole = run()
    monkeypatch.setattr(scoring, "BLOCK_BYTES", 300)
    for found, expected in zip(run(), whole, strict=True):
        torch.testing.assert_close(found, expected, **EXACT)


@pytest.mark.parametrize("normaliser", ["softmax", "sparsemax", "linear"])
def test_gates_fills_and_cuts(normaliser):
    module, (query, key, value) = torch.nn.Identity(), qkv()
    mask = torch.ones(2, 1, 7, 7, dtype=torch.bool).tril()
    mask[1, :, :, 0] = False  # so that in the second example the first row sees nothing

    def run(**change) -> tuple[torch.Tensor, attention.Record]:
        with attention.attending({id(module): (0,)}, changes={0: attention.Change(**change)} if change else None) as seen:
            z, _ = attention.attention_function(module, query, key, value, mask, normaliser=normaliser)
        return z.transpose(1, 2), seen.records[0]

    plain, record = run()
    gate = torch.tensor([1.0, 0.0, 0.25])
    torch.testing.assert_close(run(gate=gate)[0], plain * gate[:, None, None])
    replaced, _ = run(gate=torch.tensor([1.0, 0.0, 1.0]), replacement="uniform")
    torch.testing.assert_close(replaced[0, 1, 4], value[0, 1, :5].mean(0))
    assert torch.equal(replaced[:, [0, 2]], plain[:, [0, 2]])

    cut, changed = run(cut=((1, 4, 2),))
    pattern = changed.pattern(1)
    assert pattern[4, 2] == 0 and not changed.visible(1)[4, 2] and pattern[4].sum().item() == pytest.approx(1)
    torch.testing.assert_close(pattern @ value[0, 1], cut[0, 1], **EXACT)
    torch.testing.assert_close(pattern[:4], record.pattern(1)[:4])

    nothing, changed = run(allow=torch.arange(7)[:, None] != 3)
    assert nothing[0, :, 3].abs().max() == 0 == changed.patterns()[:, 3].max()
    assert plain.isfinite().all() and record.patterns(example=1).isfinite().all()


def test_a_scale_acts_on_sparsemax_and_cancels_in_linear_attention():
    module, given_ = torch.nn.Identity(), qkv()

    def pattern(normaliser: str, factor: float) -> torch.Tensor:
        with attention.attending({id(module): (0,)}, changes={0: attention.Change(scale=factor)}) as seen:
            attention.attention_function(module, *given_, None, normaliser=normaliser)
        return seen.records[0].patterns()

    assert ((pattern("sparsemax", 9.0) > 0).sum(-1) < (pattern("sparsemax", 1.0) > 0).sum(-1)).any()
    assert torch.equal(pattern("linear", 9.0), pattern("linear", 1.0))


def test_what_does_not_go_together_is_refused():
    given_ = (torch.nn.Identity(), *qkv(), None)
    for wrong in ({"normaliser": "hardmax"}, {"normaliser": "sparsemax", "s_aux": torch.zeros(3)}):
        with pytest.raises(ValueError, match="softmax"):
            attention.attention_function(*given_, **wrong)
    for wrong in ({"softcap": 3.0}, {"position_bias": torch.zeros(1, 3, 7, 7)}):
        with pytest.raises(ValueError, match="no scores"):
            attention.attention_function(*given_, normaliser="linear", **wrong)
