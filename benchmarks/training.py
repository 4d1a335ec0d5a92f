"""Training steps per second of the toy transformer, transformers' GPT-2 and PyTorch's own encoder: `python -m benchmarks.training`.

All three have the same shape, the same number of parameters (checked), activation, data and optimiser, and no dropout; GPT-2 fills no
cache, and PyTorch's encoder is told that its mask is causal. They take turns, and the best round of each counts, as other work on
the machine only ever slows them down. Where there is much of it, `--threads 1 --cpu-time` counts this process's own seconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from benchmarks import report
from models.toy import ToyConfig, ToyModel
from models.toy.model import loss_of

SHAPES = ((32, 2, 4), (64, 2, 4), (128, 4, 4))
"""d_model, layers, heads."""
VOCABULARY = 64
GPT2_GOAL, PYTORCH_GOAL = 1.2, 1.0
"""Least speed of the toy, in units of the other's."""


class Plain(nn.Module):
    """A decoder made of PyTorch's own layers, as in their tutorials."""

    def __init__(self, width: int, layers: int, heads: int, length: int) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(VOCABULARY, width), nn.Embedding(length, width)
        activation = nn.GELU(approximate="tanh")
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, activation, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(length))

    def forward(self, ids: Tensor) -> Tensor:
        hidden = self.encoder(self.token(ids) + self.position.weight, mask=self.mask, is_causal=True)
        return hidden @ self.token.weight.T


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of the CPU (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="default: %(default)s")
    parser.add_argument("--length", type=int, default=32, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=10, help="in a round (default: %(default)s)")
    parser.add_argument("--cpu-time", action="store_true", help="count CPU time, of all threads together")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = [_row(shape, given) for shape in SHAPES]
    header = ["d_model, layers, heads", "parameters", "toy /s", "GPT-2 /s", "toy : GPT-2", "", "encoder /s", "toy : encoder", ""]
    report.show(f"Training steps per second on {given.device}, {given.batch} x {given.length} tokens", header, rows)
    return 0


def _row(shape: tuple[int, int, int], given: argparse.Namespace) -> list[str]:
    width, layers, heads = shape
    torch.manual_seed(0)
    toy = ToyModel(ToyConfig(vocab_size=VOCABULARY, d_model=width, layers=layers, heads=heads, max_length=given.length))
    sizes = {"vocab_size": VOCABULARY, "n_embd": width, "n_layer": layers, "n_head": heads, "n_positions": given.length}
    no_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    gpt2 = GPT2LMHeadModel(GPT2Config(**sizes, **no_dropout, bos_token_id=0, eos_token_id=0, use_cache=False))
    networks = [toy, gpt2, Plain(width, layers, heads, given.length)]
    counts = {sum(p.numel() for p in network.parameters()) for network in networks}
    if len(counts) > 1:
        raise RuntimeError(f"the networks differ in size: {counts}")
    networks = [network.to(given.device).train() for network in networks]
    optimisers = [torch.optim.AdamW(network.parameters(), lr=1e-3) for network in networks]
    ids = torch.randint(VOCABULARY, (given.batch, given.length), device=given.device)
    clock = time.process_time if given.cpu_time else time.perf_counter
    seconds = [float("inf")] * len(networks)
    for number in range(given.rounds + 1):
        for i, (network, optimiser) in enumerate(zip(networks, optimisers, strict=True)):
            took = _seconds(network, optimiser, ids, given.steps, clock)
            seconds[i] = min(seconds[i], took) if number else seconds[i]  # the first round warms up
    toy_s, gpt2_s, plain_s = seconds
    return [
        ", ".join(map(str, shape)),
        f"{counts.pop():,}",
        *(f"{1 / toy_s:.0f}", f"{1 / gpt2_s:.0f}", f"{gpt2_s / toy_s:.2f}", report.verdict(GPT2_GOAL, gpt2_s / toy_s)),
        *(f"{1 / plain_s:.0f}", f"{plain_s / toy_s:.2f}", report.verdict(PYTORCH_GOAL, plain_s / toy_s)),
    ]


def _seconds(network: nn.Module, optimiser: torch.optim.Optimizer, ids: Tensor, steps: int, clock: Callable[[], float]) -> float:
    """Seconds of one training step."""
    _wait(ids)
    start = clock()
    for _ in range(steps):
        out = network(ids)
        loss_of(out if isinstance(out, Tensor) else out.logits, ids).backward()
        optimiser.step()
        optimiser.zero_grad()
    _wait(ids)
    return (clock() - start) / steps


def _wait(t: Tensor) -> None:
    if t.device.type == "cuda":
        torch.cuda.synchronize(t.device)


if __name__ == "__main__":
    raise SystemExit(main())
