"""Q21: where the memory goes, and what a cache of keys and values saves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

import numpy as np
import pandas as pd
import torch

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, lines, race
from explorer.i18n import N_
from explorer.lectures import memory, shipped
from explorer.lectures.clock import shortest
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.memory import LINEAR, PAIRS, PARTS
from explorer.lectures.peak import peak
from explorer.lectures.words import Words
from explorer.reading import read
from models import Model, load

LENGTHS = tuple(2**i for i in range(7, 18))
BATCHES = (1, 8, 64)
BYTES = {"float32": 4, "float16": 2}
ASKED = 1000
"""Tokens that the question is about, made by GPT-2 small."""
TEXT = "The keeper of the lighthouse"
_SOME = 16
"""Tokens made while a class waits, both ways; more of them were timed before."""
WAYS = ("with", "without")
_TRAINED = (8, 256)
"""Texts, and tokens of each, of the training step that is measured."""


def compute(models: Models, n: int = 1024, shape: str = "gpt2-small", batch: int = 1, dtype: str = "float16") -> Result:
    """Counts bytes by part, and the work that a cache saves.

    Args:
        models: opens models.
        n: tokens.
        shape: one of `memory.PUBLISHED`, or the name of a decoder.
        batch: texts at once.
        dtype: of all numbers, one of `BYTES`.

    Raises:
        InputError: a model that makes no text.
    """
    size, maker = BYTES[dtype], models("gpt2-mini")
    if shape in memory.PUBLISHED:
        network, longest, lock = memory.published(shape), LENGTHS[-1], nullcontext()
    else:
        opened = memory.checked(models(shape))
        network, longest, lock = opened.network, min(opened.max_length or 256, 256), opened.lock
    # A network without numbers keeps tensors of any length; a loaded one as many as it has places for.
    with lock:
        real = memory.tensors_of(network, min(n, longest, getattr(network.config, "max_position_embeddings", None) or longest), 1)
    sizes = memory.sizes_of(network, real[0].shape[1])
    found, short = sizes.bytes(n, batch, size), real[0].shape[2]
    made = {way: generated(maker, way, _SOME) for way in WAYS}
    kept = shipped.read("q21_cache").data
    seconds = {way: kept["race"][way][-1] for way in WAYS}
    small = memory.sizes_of(memory.published("gpt2-small"), 12).shape
    with maker.lock:
        few = memory.tensors_of(maker.network, 40, 3)
    own = memory.sizes_of(maker.network, few[0].shape[1])
    steps = kept["step"]
    measures = (
        Measure("saved", memory.saved(ASKED, small), 517, tolerance=0.5, format=",.1f"),
        Measure("saved_linear", memory.saved(ASKED, small, LINEAR), (ASKED + 1) / 2, tolerance=1e-9, format=",.1f"),
        Measure("saved_pairs", memory.saved(ASKED, small, PAIRS), (2 * ASKED + 1) / 3, tolerance=1e-9, format=",.1f"),
        Measure("saved_here", memory.saved(n, sizes.shape), format=",.0f"),
        Measure("clock", seconds["without"] / seconds["with"], memory.saved(len(kept["race"]["with"]), own.shape), "below", format=".1f"),
        Measure("differ", sum(a != b for a, b in zip(*(tokens for tokens, _logits in made.values()), strict=True)), 0, format="d"),
        Measure("deviation", _apart(made), 0, tolerance=1e-3, format=".1e"),
        # One text is kept, as many are kept in the same way; the last one below is a batch.
        Measure("tensors", memory.bytes_of(real, size), sizes.bytes(short, 1, size)["cache"], format=",d"),
        Measure("batch_tensors", memory.bytes_of(few), own.bytes(40, 3, 4)["cache"], format=",d"),
        Measure("asked_bytes", memory.bytes_of(_asked_tensors(), 2), 36 * 2**20, format=",d"),
        *(Measure(f"{part}_bytes", found[part], format=",d") for part in PARTS),
        Measure("head_16k", torch.empty(2**14, 2**14, dtype=torch.float16, device="meta").nbytes, 512 * 2**20, format=",d"),
        Measure("grouped", sizes.kv_heads / sizes.shape.heads, format=".3g"),
        Measure("step_bytes", steps["checkpointed"][0] / steps["plain"][0], 1, "below", format=".2f"),
        Measure("step_time", steps["checkpointed"][1] / steps["plain"][1], format=".2f"),
    )
    said = {
        **{f"{part}_said": written(found[part]) for part in PARTS},
        "n": f"{n:,}",
        "asked": f"{ASKED:,}",
        "heads": str(sizes.shape.heads),
        "made": str(len(kept["race"]["with"])),
    }
    data = {"n": n, "batch": batch, "size": size, "sizes": sizes, "found": found, "race": kept["race"], "step": steps}
    return Result(measures, data, said)


def _asked_tensors() -> list[torch.Tensor]:
    return memory.tensors_of(memory.published("gpt2-small"), 1024, 1)


def _apart(made: Mapping[str, tuple[list[int], torch.Tensor]]) -> float:
    with_, without = (logits for _tokens, logits in made.values())
    return float((with_ - without).abs().max())


def generated(model: Model, way: str, tokens: int, tell: Callable[[float], None] = lambda _seconds: None) -> tuple[list[int], torch.Tensor]:
    """Goes on with the text, always with the likeliest token, keeping keys and values or computing them anew for each token.

    Args:
        model: a decoder.
        way: one of `WAYS`.
        tokens: how many to make.
        tell: told the seconds since the start after each token.

    Returns:
        Their ids, and the logits that each was chosen by, (tokens, vocabulary).
    """
    ids = torch.tensor([list(read(model, TEXT).ids)], device=model.device)
    new, kept, logits = ids, None, []
    with model.lock, torch.inference_mode():
        start = time.perf_counter()
        for _token in range(tokens):
            out = model.network(input_ids=new, past_key_values=kept, use_cache=way == "with")
            logits.append(out.logits[0, -1].float().cpu())
            taken = out.logits[:, -1:].argmax(-1)
            ids = torch.cat([ids, taken], dim=1)
            new, kept = (taken, out.past_key_values) if way == "with" else (ids, None)
            tell(time.perf_counter() - start)
    return ids[0, -tokens:].tolist(), torch.stack(logits)


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Times both ways of making text, and a training step with and without gradient checkpointing."""
    model = load("gpt2-mini", "cpu")
    tokens = model.max_length - len(read(model, TEXT))
    raced: dict[str, list[float]] = {}
    for i, way in enumerate(WAYS):
        generated(model, way, 4)
        taken: list[float] = []
        tell = lambda seconds, i=i, taken=taken: (taken.append(round(seconds, 4)), report((i + len(taken) / tokens) / 3))  # noqa: E731
        generated(model, way, tokens, tell)
        raced[way] = taken
    return {"race": raced, "step": {name: _step(name == "checkpointed", report, i) for i, name in enumerate(("plain", "checkpointed"))}}


def _step(checkpointed: bool, report: Callable[[float], None], turn: int) -> list[float]:
    """Bytes at the peak of one training step of gpt2-mini, its weights left out, and its processor seconds, the least of three."""
    network = load("gpt2-mini", "cpu").network.train().requires_grad_(True)
    if checkpointed:
        network.gradient_checkpointing_enable()
    ids = torch.randint(network.config.vocab_size, _TRAINED, generator=torch.Generator().manual_seed(21))

    def step() -> None:
        # The base model: its layers are what is checkpointed, and logits would hide them.
        network.base_model(input_ids=ids, use_cache=False).last_hidden_state.square().mean().backward()
        network.zero_grad()

    seconds = shortest(step, tries=3)
    found = [peak(step), round(seconds, 4)]
    report((2 + (turn + 1) / 2) / 3)
    return found


def written(value: float) -> str:
    """Bytes with three digits and a binary prefix, such as 36 MiB."""
    power = min(int(np.log2(max(value, 1)) // 10), 5)
    return f"{value / 1024**power:,.3g} {('B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB')[power]}"


def right(result: Result) -> str:
    """Of what was counted: a thousand times, about half as often, or hardly more than once or twice."""
    times = result["saved"]
    return "A" if times > 0.9 * ASKED else "B" if times > 0.25 * ASKED else "C" if times > 1.5 else "D"


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, size = result.data, SIZES[2]
    rows = [(n, data["sizes"].bytes(n, data["batch"], data["size"])[part], words.label(f"part.{part}")) for n in LENGTHS for part in PARTS]
    title = words.label("bytes").format(n=f"{data['n']:,}", cache=written(data["found"]["cache"]))
    return [
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            title,
            words.label("n"),
            words.label("of_bytes"),
            series=[words.label(f"part.{part}") for part in PARTS],
            log_x=True,
            log_y=True,
            base=2,
            ticks=(200, 1000, 5000, 20_000, 100_000),
            rules=[data["n"]],
            points=False,
            format="~s",
            legend_columns=3,
            size=(size[0], size[1] - 25),
            dark=dark,
        ),
        race(
            {words.label(f"raced.{way}").format(seconds=f"{data['race'][way][-1]:.2g}"): data["race"][way] for way in WAYS},
            words.label("race").format(made=len(data["race"]["with"])),
            words.label("made"),
            words.label("run"),
            # The switch stands above, and the letters are to be as large as those beside.
            size=(size[0] - 70, size[1] - 60),
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, size = result.data, SIZES[3]
    each = [
        (i + 1, 1e3 * (times[i + 7] - times[i]) / 7, words.label(f"way.{way}"))
        for way, times in data["race"].items()
        for i in range(0, len(times) - 7, 7)
    ]
    counted = [
        (n, memory.saved(n, data["sizes"].shape, terms), words.label(name))
        for n in (2**i for i in range(18))
        for name, terms in (("terms.linear", LINEAR), ("terms.pairs", PAIRS))
    ]
    steps = data["step"]
    names = [words.label(f"step.{name}") for name in steps]
    how = {"size": (size[0], size[1] - 35), "dark": dark, "legend_columns": 1}
    return [
        lines(
            pd.DataFrame(each, columns=["x", "y", "series"]),
            words.label("each"),
            words.label("token"),
            words.label("milliseconds"),
            series=[words.label(f"way.{way}") for way in WAYS],
            points=False,
            **how,
        ),
        lines(
            pd.DataFrame(counted, columns=["x", "y", "series"]),
            words.label("counted"),
            words.label("made_n"),
            words.label("times"),
            series=[words.label(name) for name in ("terms.linear", "terms.pairs")],
            log_x=True,
            log_y=True,
            ticks=(1, 100, 10_000),
            points=False,
            format="~s",
            **how,
        ),
        bars(
            [*names, *names],
            [1.0, *(steps["checkpointed"][i] / steps["plain"][i] for i in (0,)), 1.0, steps["checkpointed"][1] / steps["plain"][1]],
            words.label("checkpointing"),
            words.label("against"),
            of=[words.label(kind) for kind in ("peak", "time") for _name in names],
            series=[words.label("peak"), words.label("time")],
            format=".2f",
            size=size,
            dark=dark,
        ),
    ]


DEMO = Demo(
    id="Q21",
    module="q21_cache",
    chapter=5,
    compute=compute,
    pictures=pictures,
    more=more,
    right=right,
    door=Door("generate", {"model": "gpt2-mini"}),
    controls=(
        Control("n", LENGTHS, 1024, main=True),
        Control("shape", tuple(memory.PUBLISHED), "gpt2-small", model=True),
        Control("batch", BATCHES, 1),
        Control("dtype", tuple(BYTES), "float16"),
    ),
    make=make,
    source=N_("Pope et al. 2022; Shazeer 2019 and Ainslie et al. 2023 (shared keys and values); Chen et al. 2016 (checkpointing)"),
)
