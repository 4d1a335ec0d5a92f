"""What a network's own code returns: believed where it is attention of every token to every token."""

import pytest
import torch

from models.opening import own_weights


def weights(heads: int = 2, n: int = 5) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(1, heads, n, n).softmax(-1)


def test_attention_is_believed_in_every_precision():
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        assert not own_weights.doubt(torch.randn(1, 4, 300, 300).softmax(-1).to(dtype), 300, 300)
    silent = weights()
    silent[0, 0, 0] = 0  # a row that sees nothing
    assert not own_weights.doubt(silent, 5, 5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w[0], "3 axes"),
        (lambda w: w[..., :4], "5 x 4 weights for 5 x 5 tokens"),
        (lambda w: w * float("nan"), "no numbers"),
        (lambda w: w.log(), "negative"),
        (lambda w: w * 2, "sum to 2.00"),
    ],
)
def test_anything_else_is_doubted_in_words(change, said):
    assert said in own_weights.doubt(change(weights()), 5, 5)


def test_a_window_is_seen_in_the_weights():
    n = 8
    away = (torch.arange(n)[:, None] - torch.arange(n)).abs()
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    torch.manual_seed(0)
    for mask, back in ((causal, True), (torch.ones_like(causal), False), (causal & (away < 3), True), (away < 4, False)):
        made = torch.randn(3, n, n).masked_fill(~mask, float("-inf")).softmax(-1)
        torch.testing.assert_close(own_weights.seen(made, back), mask)
    lone = torch.eye(n)[None]
    assert own_weights.seen(lone, True).equal(causal) and own_weights.seen(lone, False).all()
