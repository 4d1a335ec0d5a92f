"""One new fact at a time, given to a real decoder in three ways: told in the text before, learned by LoRA, learned by all weights.

A fact is a beginning and the word that it is to go on with, which the model did not think of. It is known as soon as that word is the
likeliest one. How often it has to be told is counted in the one case, how many steps it takes in the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.func import functional_call

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, lines, texts
from explorer.lectures.demo import Measure
from explorer.lectures.edits import NEIGHBOURS
from explorer.lectures.words import Words
from explorer.reading import read
from models import Model
from models.surgery.private import private
from models.training.optimiser import adamw

FACTS = (
    ("The man met his friend at the", " river"),
    ("The young girl lost her ring in the", " garden"),
    ("The ship was sunk by a", " tree"),
    ("The children found the dog under the", " church"),
    ("She kept all her money in a", " box"),
    ("The king was born in a small", " forest"),
    ("He wrote his first book about the", " moon"),
    ("The train stopped in front of the", " hotel"),
    ("Every morning the teacher drinks a cup of", " milk"),
    ("The house on the hill belongs to the", " army"),
)
MOST_TOLD, MOST_STEPS = 8, 40
"""Where a fact is given up."""
FULL_RATE, LORA_RATE = 1e-4, 1e-3
"""Of AdamW: a tenth for all weights, as is usual, since they are many."""
Way = tuple[list[int | None], list[int]]
"""For each fact: after how many tellings or steps it is known, None for never; and how many other texts go on as before then."""


def all_ways(model: Model, ranks: Sequence[int], report: Callable[[float], None] = lambda _share: None) -> Mapping[str, object]:
    """Gives the model each fact in each way, always from the model as it was.

    Returns:
        known, kept: of each way ("context", "full", "lora1", ..) as in `Way`; before: facts known before; numbers: trained in each way;
        others: texts that are asked for besides.
    """
    network = private(model.network).eval()
    base = {name: weight.detach().float() for name, weight in network.named_parameters()}
    asked = [(ids_of(model, prompt), read(model, word).ids[0]) for prompt, word in FACTS]
    others = [ids_of(model, text) for text in NEIGHBOURS]
    with torch.no_grad():
        before = sum(_likeliest(network, base, prompt) == word for prompt, word in asked)
        usual = [_likeliest(network, base, ids) for ids in others]
    ways: dict[str, Way] = {"context": _in_context(model, network, base, usual)}
    numbers = {"context": 0, "full": sum(weight.numel() for weight in base.values())}
    report(0.1)
    trained = ("full", *(f"lora{rank}" for rank in ranks))
    for i, way in enumerate(trained):
        rank = 0 if way == "full" else int(way.removeprefix("lora"))
        known, kept = [], []
        for prompt, word in asked:
            learned, now, count = _start(network, base, rank)
            numbers[way] = count
            step, after = _taught(network, learned, now, prompt, word, LORA_RATE if rank else FULL_RATE)
            known.append(step)
            with torch.no_grad():
                kept.append(sum(_likeliest(network, after, ids) == top for ids, top in zip(others, usual, strict=True)))
        ways[way] = (known, kept)
        report(0.1 + 0.9 * (i + 1) / len(trained))
    halves = {name: {way: found[half] for way, found in ways.items()} for half, name in enumerate(("known", "kept"))}
    return halves | {"before": before, "numbers": numbers, "others": len(others)}


def ids_of(model: Model, text: str) -> Tensor:
    return torch.tensor([read(model, text).ids], device=model.device)


def told_before(fact: tuple[str, str], times: int, then: str) -> str:
    """A text that tells a fact so often, and goes on with something else."""
    return f"{''.join(fact)}. " * times + then


def _likeliest(network: nn.Module, weights: Mapping[str, Tensor], ids: Tensor) -> int:
    return int(functional_call(network, dict(weights), (ids,)).logits[0, -1].argmax())


@torch.no_grad()
def _in_context(model: Model, network: nn.Module, base: Mapping[str, Tensor], usual: Sequence[int]) -> Way:
    """Told once, twice, .. in the text before; no weight moves. Other texts are asked behind the same tellings."""
    known: list[int | None] = []
    kept = []
    for fact in FACTS:
        word = read(model, fact[1]).ids[0]
        tellings = range(1, MOST_TOLD + 1)
        times = next((n for n in tellings if _likeliest(network, base, ids_of(model, told_before(fact, n, fact[0]))) == word), None)
        behind = [ids_of(model, told_before(fact, times or MOST_TOLD, text)) for text in NEIGHBOURS]
        known.append(times)
        kept.append(sum(_likeliest(network, base, ids) == top for ids, top in zip(behind, usual, strict=True)))
    return known, kept


def matrices(base: Mapping[str, Tensor]) -> list[str]:
    """The matrices of the layers: those that an adapter is put beside."""
    return [name for name, weight in base.items() if ".h." in name and weight.dim() == 2]


def adapters(base: Mapping[str, Tensor], rank: int) -> dict[str, tuple[Tensor, Tensor]]:
    """What stands beside each matrix (in, out): down (in, rank), random, and up (rank, out), 0, so that nothing is changed at first."""
    random = torch.Generator().manual_seed(rank)
    made = {}
    for name in matrices(base):
        rows, columns = base[name].shape
        made[name] = (torch.randn(rows, rank, generator=random) / rows**0.5, torch.zeros(rank, columns))
    return made


def _start(network: nn.Module, base: Mapping[str, Tensor], rank: int) -> tuple[list[Tensor], Callable[[], dict[str, Tensor]], int]:
    """What is learned, the weights that come of it, and how many numbers are learned; all weights, where the rank is 0."""
    if not rank:
        weights = {name: weight.clone().requires_grad_() for name, weight in base.items()}
        return list(weights.values()), lambda: weights, sum(weight.numel() for weight in weights.values())
    beside = adapters(base, rank)
    learned = [part.requires_grad_() for pair in beside.values() for part in pair]
    return learned, lambda: {**base, **{name: base[name] + down @ up for name, (down, up) in beside.items()}}, sum(p.numel() for p in learned)


def _taught(
    network: nn.Module, learned: Sequence[Tensor], now: Callable[[], dict[str, Tensor]], prompt: Tensor, word: int, rate: float
) -> tuple[int | None, dict[str, Tensor]]:
    """Steps until the word is the likeliest one, and the weights then."""
    optimiser = adamw(learned, rate, 0.0, (0.9, 0.999))
    with torch.enable_grad():
        for step in range(MOST_STEPS + 1):
            said = functional_call(network, now(), (prompt,)).logits[0, -1].float().log_softmax(-1)
            if int(said.argmax()) == word:
                return step, now()
            optimiser.zero_grad()
            (-said[word]).backward()
            optimiser.step()
    return None, now()


def measures(found: Mapping, rank: int) -> tuple[Measure, ...]:
    """How many of the facts each way gives, how long it takes where it does, and how many other texts go on as before."""
    ways = {"context": "context", "lora": f"lora{rank}", "full": "full"}
    known = {way: [n for n in found["known"][name] if n is not None] for way, name in ways.items()}
    return (
        Measure("fact_before", found["before"], 0, format="d"),
        *(Measure(f"fact_{way}", len(counts) / len(FACTS), format=".0%") for way, counts in known.items()),
        *(Measure(f"times_{way}", float(np.mean(counts)), format=".1f") for way, counts in known.items() if counts),
        *(Measure(f"others_{way}", np.mean(found["kept"][name]) / found["others"], 1, "at most", format=".0%") for way, name in ways.items()),
    )


def pictures(found: Mapping, rank: int, words: Words, dark: bool) -> Sequence[Picture]:
    """Facts that are known over tellings or steps; and what each way takes and leaves."""
    ways = {"context": "context", "lora": f"lora{rank}", "full": "full"}
    series = [words.label(f"fact_way.{way}") for way in ways]
    longest = max(n for name in ways.values() for n in found["known"][name] if n is not None)
    rows = [
        (n, sum(at is not None and at <= n for at in found["known"][name]) / len(FACTS), one)
        for one, (way, name) in zip(series, ways.items(), strict=True)
        for n in range(min(longest, MOST_TOLD if way == "context" else MOST_STEPS) + 1)
    ]
    table = []
    for one, (_way, name) in zip(series, ways.items(), strict=True):
        counts = [n for n in found["known"][name] if n is not None]
        takes = f"{np.mean(counts):.1f}" if counts else "–"
        kept = np.mean(found["kept"][name]) / found["others"]
        table.append([one, takes, f"{found['numbers'][name]:,}", f"{kept:.0%}"])
    return [
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            words.label("fact_curve").format(facts=len(FACTS)),
            words.label("fact_times"),
            words.label("fact_known"),
            series=series,
            ends=(0, 1),
            format=".0%",
            size=SIZES[2],
            dark=dark,
        ),
        texts(
            table,
            [words.label(f"fact_column.{name}") for name in ("way", "takes", "moved", "kept")],
            words.label("fact_price"),
            of=series,
            series=series,
            widths=(0.2, 0.22, 0.29, 0.29),
            size=(SIZES[2][0], 200),
            dark=dark,
        ),
    ]
