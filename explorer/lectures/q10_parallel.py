"""Q10: how all heads run at once, and what a batch gains."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from explorer.capture import capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, lines, texts
from explorer.i18n import N_
from explorer.lectures import work
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from models import Model, attention
from models.opening import sites
from models.seeded import seeded
from models.stopping import look
from models.toy import ToyConfig
from models.toy.layers import ToyAttention

BATCHES = (1, 2, 4, 8, 16, 32)
SHORT, LONG = 8, 64
"""Tokens of a short and of a long sentence."""
ASKED = 16
"""The batch that the question is about."""
D_MODEL, HEADS = 256, 8
REQUESTS = 400
TEXT = "The keeper of the lighthouse lit the lamp before the storm came."
_SEED = 10
_MATRIX = 512


def compute(models: Models, batch: int = ASKED, arrivals: str = "2", wait: int = 2, model: str = "gpt2-mini") -> Result:
    """Goes through a layer step by step, and times batches of short sentences.

    Args:
        models: opens models.
        batch: sentences at once.
        arrivals: sentences that come in the time of a single one, for the queue.
        wait: how long the queue waits for more at most, in units of that time.
        model: a real model.
    """
    opened = models(model)
    found = steps(batch)
    timed = timings(opened, [*((b, SHORT) for b in BATCHES), (1, LONG)])
    seconds = {b: timed[b, SHORT] for b in BATCHES}
    one = seconds[1]
    factor = (batch / seconds[batch]) / (1 / one)
    loop, batched = loop_and_batched(batch)
    best = best_rate()
    scenarios = {"one": (1, SHORT), "long": (1, LONG), "many": (BATCHES[-1], SHORT)}
    # One sentence is counted: all sentences of a batch cost the same.
    rates = {name: size[0] * operations(opened, 1, size[1]) / timed[size] for name, size in scenarios.items()}
    queues = {cap: queue(seconds, cap, float(arrivals) / one, wait * one) for cap in BATCHES}
    measures = (
        Measure("factor", factor, format=".2f"),
        Measure("asked", ASKED / seconds[ASKED] * one, format=".2f"),
        Measure("deviation", loop_deviation(batch), 0, tolerance=1e-5, format=".1e"),
        Measure("real", real_deviation(opened), 0, tolerance=1e-5, format=".1e"),
        Measure("copies", sum(step.kind == "copy" for step in found), 1, format="d"),
        Measure("loop", 1e3 * loop, format=".2f"),
        Measure("batched", 1e3 * batched, format=".2f"),
        Measure("share_one", rates["one"] / best, format=".1%"),
        Measure("share_many", rates["many"] / best, format=".1%"),
    )
    data = {"steps": found, "seconds": seconds, "batch": batch, "loop": (loop, batched)}
    data |= {"shares": {name: found / best for name, found in rates.items()}, "queues": queues}
    said = {"batch": str(batch), "model": opened.name, "views": str(sum(step.kind == "view" for step in found))}
    return Result(measures, data, said)


@dataclass(frozen=True)
class Step:
    """One operation of a layer.

    Attributes:
        name: its label.
        shape, strides: of what it gives.
        kind: "new" for numbers that were computed, "view" for the same memory read in another way, "copy" for the same numbers written anew.
    """

    name: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    kind: str


def _module() -> ToyAttention:
    config = ToyConfig(d_model=D_MODEL, heads=HEADS, bias=False, causal=False)
    config._attn_implementation = attention.NAME
    with seeded(_SEED):
        return ToyAttention(config).eval()


def _input(batch: int) -> Tensor:
    return torch.randn(batch, SHORT, D_MODEL, generator=torch.Generator().manual_seed(_SEED))


def steps(batch: int) -> list[Step]:
    """All operations from the input of an attention layer to its output, done one by one; whether memory is moved is asked of the tensors."""
    module, x = _module(), _input(batch)
    w_q, w_k, w_v = module.qkv.weight.chunk(3)
    made: list[Step] = []

    def note(name: str, before: Tensor, after: Tensor) -> Tensor:
        same_memory = before.untyped_storage().data_ptr() == after.untyped_storage().data_ptr()
        moved = before.numel() == after.numel() and torch.equal(before.flatten(), after.flatten())
        made.append(Step(name, tuple(after.shape), after.stride(), "view" if same_memory else "copy" if moved else "new"))
        return after

    with torch.inference_mode():
        q = note("project", x, x @ w_q.T)
        q = note("view", q, q.view(batch, SHORT, HEADS, -1))
        q = note("transpose", q, q.transpose(1, 2))
        k, v = ((x @ w.T).view(batch, SHORT, HEADS, -1).transpose(1, 2) for w in (w_k, w_v))
        weights = note("scores", q, (q @ k.transpose(-1, -2) * module.scaling).softmax(-1))
        z = note("sum", weights, weights @ v)
        z = note("back", z, z.transpose(1, 2))
        joined = note("join", z, z.reshape(batch, SHORT, D_MODEL))
        note("output", joined, joined @ module.output.weight.T)
    return made


def by_head(module: ToyAttention, x: Tensor) -> Tensor:
    """The layer's output, one head after the other, each with its own part of the matrices."""
    w_q, w_k, w_v = module.qkv.weight.unflatten(0, (3, HEADS, -1))
    w_o = module.output.weight.unflatten(1, (HEADS, -1))
    out = torch.zeros_like(x)
    for head in range(HEADS):
        q, k, v = x @ w_q[head].T, x @ w_k[head].T, x @ w_v[head].T
        out += (q @ k.transpose(1, 2) * module.scaling).softmax(-1) @ v @ w_o[:, head].T
    return out


def at_once(module: ToyAttention, x: Tensor) -> Tensor:
    """The same with all heads as one more dimension of a batch."""
    q, k, v = module.qkv(x).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
    z = (q @ k.transpose(-1, -2) * module.scaling).softmax(-1) @ v
    return module.output(z.transpose(1, 2).reshape(x.shape))


def loop_deviation(batch: int) -> float:
    """Largest difference between the loop over heads and what the module itself gives."""
    module, x = _module(), _input(batch)
    with torch.inference_mode():
        return float((by_head(module, x) - module(x)[0]).abs().max())


def real_deviation(model: Model) -> float:
    """The same for the first layer of a real network: heads computed one at a time, and all in one product of its recorded tensors."""
    captured = capture(model, TEXT)
    record = captured.record(0)
    loop = np.stack([captured.outputs(0, head) for head in range(record.heads)])
    key, value = (t[0].repeat_interleave(record.group, dim=0).float() for t in (record.key, record.value))
    scores = record.query[0].float() @ key.transpose(-1, -2) * record.scale[0]
    scores = scores.masked_fill(~record.visible(), -torch.inf)
    return float(np.abs((scores.softmax(-1) @ value).numpy() - loop).max())


def loop_and_batched(batch: int, repeats: int = 7) -> tuple[float, float]:
    """Median seconds of both ways; they take turns, so that whatever else the machine does slows both."""
    module, x = _module(), _input(batch)
    taken: dict[Callable, list[float]] = {by_head: [], at_once: []}
    with torch.inference_mode():
        for turn in range(repeats + 2):
            look()
            for way, times in taken.items():
                start = time.perf_counter()
                way(module, x)
                if turn >= 2:
                    times.append(time.perf_counter() - start)
    return statistics.median(taken[by_head]), statistics.median(taken[at_once])


def timings(model: Model, sizes: Sequence[tuple[int, int]], repeats: int = 4) -> dict[tuple[int, int], float]:
    """Seconds of a forward pass by sentences and tokens of each: the best of a few, which take turns, so that a moment in which the machine
    does something else spoils no size alone."""
    given = {size: _ids(model, *size) for size in sizes}
    taken: dict[tuple[int, int], list[float]] = {size: [] for size in sizes}
    for _turn in range(repeats):
        for size, inputs in given.items():
            look()
            with model.lock, torch.inference_mode():
                start = time.perf_counter()
                model.network(**inputs)
                taken[size].append(time.perf_counter() - start)
    return {size: min(times) for size, times in taken.items()}


def _ids(model: Model, batch: int, length: int) -> dict[str, Tensor]:
    vocabulary = model.network.get_input_embeddings().weight.shape[0]
    ids = (torch.arange(batch * length).reshape(batch, length) % vocabulary).to(model.device)
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if model.kind == "encoder-decoder":
        given["decoder_input_ids"] = ids
    return sites.inputs_for(model.network, **given)


def operations(model: Model, batch: int, length: int) -> int:
    """Floating-point operations of one pass, two for each multiply-add, counted while it runs."""
    with model.lock, torch.inference_mode():
        return work.operations_in(lambda: model.network(**_ids(model, batch, length)))


def best_rate(repeats: int = 5) -> float:
    """Operations a second of a product of two large matrices, which is about the most that this machine does."""
    a = torch.randn(_MATRIX, _MATRIX, generator=torch.Generator().manual_seed(_SEED))
    times = []
    for _ in range(repeats):
        look()
        start = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - start)
    return 2 * _MATRIX**3 / min(times)


@dataclass(frozen=True)
class Served:
    """What a queue did.

    Attributes:
        per_second: sentences a second, from the first arrival to the last answer.
        latency: seconds from arrival to answer that 95 % of the sentences stay below.
    """

    per_second: float
    latency: float


def queue(seconds: Mapping[int, float], cap: int, per_second: float, longest_wait: float) -> Served:
    """Sentences arrive at random and are answered in batches.

    A batch starts as soon as the machine is free and either as many wait as it takes, or one has waited long enough.

    Args:
        seconds: of a batch, by its size, as measured; between sizes along a line.
        cap: most sentences of a batch.
        per_second: sentences that arrive a second.
        longest_wait: seconds that a sentence waits for others at most, while the machine is free.
    """
    gaps = np.random.default_rng(_SEED).exponential(1 / per_second, REQUESTS)
    arrived = np.cumsum(gaps)
    sizes, cost = list(seconds), list(seconds.values())
    free, first, answered = 0.0, 0, np.zeros(REQUESTS)
    while first < REQUESTS:
        full = arrived[first + cap - 1] if first + cap <= REQUESTS else np.inf
        start = max(free, min(full, arrived[first] + longest_wait))
        last = min(first + cap, int(np.searchsorted(arrived, start, side="right")))
        free = start + float(np.interp(last - first, sizes, cost))
        answered[first:last] = free
        first = last
    return Served(REQUESTS / float(answered[-1] - arrived[0]), float(np.quantile(answered - arrived, 0.95)))


def right(result: Result) -> str:
    """What was measured for 16 sentences: within a tenth, unchanged is unchanged, and 16 times is 16 times."""
    factor = result["asked"]
    return "D" if factor < 0.9 else "A" if factor < 1.1 else "C" if factor >= 0.95 * ASKED else "B"


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    seconds, size = result.data["seconds"], SIZES[2]
    rows = [(words.label(step.name), _numbers(step.shape, " × "), _numbers(step.strides, ", ")) for step in result.data["steps"]]
    kinds = [words.label(kind) for kind in ("new", "view", "copy")]
    titles = [words.label(name) for name in ("step", "shape", "strides")]
    curves = [(b, b / s, words.label("measured")) for b, s in seconds.items()]
    curves += [(b, b / seconds[1], words.label("in_step")) for b in seconds]
    return [
        texts(
            rows,
            titles,
            words.label("steps"),
            of=[words.label(step.kind) for step in result.data["steps"]],
            series=kinds,
            widths=(0.36, 0.32, 0.32),
            size=size,
            dark=dark,
        ),
        lines(
            pd.DataFrame(curves, columns=["x", "y", "series"]),
            words.label("throughput"),
            words.label("batch"),
            words.label("per_second"),
            series=[words.label("measured"), words.label("in_step")],
            log_x=True,
            log_y=True,
            base=2,
            ticks=BATCHES,
            rules=[result.data["batch"]],
            format="~s",
            size=size,
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    shares, queues, size = result.data["shares"], result.data["queues"], SIZES[3]
    late = pd.DataFrame([(cap, 1e3 * one.latency) for cap, one in queues.items()], columns=["x", "y"])
    rate_ = pd.DataFrame([(cap, SHORT * one.per_second) for cap, one in queues.items()], columns=["x", "y"])
    across = {"log_x": True, "base": 2, "ticks": BATCHES, "rules": [result.data["batch"]], "size": size, "dark": dark}
    return [
        bars(
            [words.label(f"scenario.{name}") for name in shares],
            [100 * share for share in shares.values()],
            words.label("shares"),
            words.label("percent"),
            format=".0f",
            size=size,
            dark=dark,
        ),
        lines(late, words.label("late"), words.label("cap"), words.label("milliseconds"), log_y=True, format="~s", **across),
        lines(rate_, words.label("rate"), words.label("cap"), words.label("tokens_per_second"), format="~s", **across),
    ]


def _numbers(values: Sequence[int], between: str) -> str:
    return between.join(map(str, values))


DEMO = Demo(
    id="Q10",
    module="q10_parallel",
    chapter=2,
    compute=compute,
    pictures=pictures,
    right=right,
    door=Door("prune", {"pruned": "0.0,0.1"}, {"model": "model"}),
    controls=(
        Control("batch", BATCHES, ASKED, main=True),
        Control("arrivals", ("0.5", "1", "2", "4"), "2"),
        Control("wait", (0, 1, 2, 4, 8), 2),
        Control("model", ("gpt2-mini", "bert-mini", "all-MiniLM-L6-v2", "zh-mini"), "gpt2-mini", model=True),
    ),
    more=more,
    source=N_("Vaswani et al. 2017, section 3.2.2; Michel et al. 2019, section 4"),
)
