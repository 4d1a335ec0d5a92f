"""Q24b: learning after training: what a network that is taught task B still knows of task A."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid, lines
from explorer.lectures import forgetting, one_fact, shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from models import load

WAYS = ("plain", "replay", "ewc", "lora")
SHOWN = (*WAYS, "swapped")
"""And with the adapter taken off where A is asked for."""
KEPT, STRENGTHS, RANKS = (8, 16, 32, 64), (100, 1_000, 10_000, 100_000), (1, 2, 4, 8)
"""Facts of A that are replayed; lambda of the penalty; ranks of the adapter."""
REPLAYED = 32
"""Of 64, in the curves."""
SEEDS = (1, 2, 3, 4, 5)
ADAPTERS = ("none", "B", "C")
VIEWS = ("tasks", "fact")
READER = "gpt2-mini"
"""Is given one new fact at a time."""
_BYTES = 4
"""Of a number in single precision."""


def compute(models: Models, way: str = "plain", rank: int = 4, strength: int = 10_000, adapter: str = "B", view: str = "tasks") -> Result:
    """Reads what the trainings came to, and puts adapters on one of the networks.

    Args:
        models: is not needed.
        way: in which B is taught: "plain", "replay", "ewc" or "lora".
        rank: of the adapters.
        strength: lambda, of the penalty.
        adapter: the one that is on: "none", "B" or "C".
        view: what is drawn: the toys' "tasks", or one new "fact" of a real model.
    """
    data = shipped.read("q24b_forgetting").data
    setting = {"plain": "", "replay": REPLAYED, "ewc": strength, "lora": rank}
    curves = {one: _mean(data["runs"], one, setting[one]) for one in WAYS}
    ends = {one: curves[one][-1] for one in WAYS}
    known = _mean(data["runs"], "first", "")
    ends["swapped"] = [known[-1][0], ends["lora"][1]]
    knobs = {
        "replay": {n: _mean(data["runs"], "replay", n)[-1] for n in KEPT},
        "ewc": {n: _mean(data["runs"], "ewc", n)[-1] for n in STRENGTHS},
        "lora": {n: _mean(data["runs"], "lora", n)[-1] for n in RANKS},
    }
    net, base, given = kept(data)
    live = swapped(net, base, given, rank)
    trained = sum(part.numel() for pair in given["B", rank].values() for part in pair)
    merged = max(_merged(net, base, given[name, rank]) for name in ADAPTERS[1:])
    whole = sum(weight.numel() for weight in base.values())
    shapes = [base[name].shape for name in forgetting.adapted_names(net)]
    measures = (
        Measure("a_before", known[-1][0], 1, tolerance=0.01, format=".0%"),
        *(Measure(f"{task}_{one}", ends[one][i], format=".0%") for one in WAYS for i, task in enumerate("ab")),
        # W0 is never written to: without its adapter the network is what it was.
        Measure("a_swapped", live["none"][0], known_of_first(data), tolerance=1e-9, format=".0%"),
        Measure("trained", trained, sum(rank * (rows + columns) for rows, columns in shapes), format=",d"),
        Measure("bytes", trained * _BYTES, _BYTES * rank * sum(rows + columns for rows, columns in shapes), format=",d"),
        Measure("merged", merged, 0, tolerance=1e-9, format=".0e"),
    )
    facts = one_fact.measures(data["fact"], rank)
    # What is looked at comes first; a hall sees twenty rows without a scroll, so what facts leave of other texts is told in their own view.
    measures = (*facts, *measures) if view == "fact" else (*measures, *(m for m in facts if not m.name.startswith("others_")))
    said = {
        "rank": str(rank),
        "strength": f"{strength:,}",
        "replayed": str(REPLAYED),
        "facts": str(forgetting.SUBJECTS * forgetting.RELATIONS),
        "whole": f"{whole:,}",
        "seeds": str(len(data["runs"])),
        "reader": READER,
    }
    drawn = {"way": way, "rank": rank, "strength": strength, "adapter": adapter, "known": known, "curves": curves, "ends": ends}
    return Result(measures, drawn | {"knobs": knobs, "live": live, "fact": data["fact"], "view": view}, said)


def _mean(runs: Sequence[Mapping], way: str, setting: object) -> list[list[float]]:
    """The curve of a way, mean over the seeds: accuracy on A and on B."""
    return np.mean([run[f"{way}{setting}"] for run in runs], axis=0).tolist()


def known_of_first(data: Mapping) -> float:
    """What the network that is shipped knew of A before B."""
    return data["runs"][0]["first"][-1][0]


def swapped(net: torch.nn.Module, base: forgetting.Weights, given: Mapping, rank: int) -> dict[str, list[float]]:
    """Accuracy on each task with each adapter on, and with none."""
    facts = forgetting.tasks(SEEDS[0])
    on = {"none": base, **{name: forgetting.adapted(base, given[name, rank]) for name in ADAPTERS[1:]}}
    return {name: [forgetting.accuracy(net, weights, facts[task]) for task in forgetting.TASKS] for name, weights in on.items()}


@torch.no_grad()
def _merged(net: torch.nn.Module, base: forgetting.Weights, adapter: forgetting.Adapter) -> float:
    """How far W0 x + B (A x), the adapter beside the matrix, is from (W0 + B A) x, the adapter added into it: logits, at most."""
    asked = forgetting.tasks(SEEDS[0])["B"].asked
    base = {name: weight.double() for name, weight in base.items()}
    adapter = {name: (b.double(), a.double()) for name, (b, a) in adapter.items()}
    modules = {name: net.get_submodule(name.removesuffix(".weight")) for name in adapter}

    def beside(a: Tensor, b: Tensor) -> Callable:
        return lambda _module, inputs, output: output + (inputs[0] @ a.T) @ b.T

    hooks = [modules[name].register_forward_hook(beside(a, b)) for name, (b, a) in adapter.items()]
    try:
        apart = forgetting.logits(net, base, asked)
    finally:
        for hook in hooks:
            hook.remove()
    return float((apart - forgetting.logits(net, forgetting.adapted(base, adapter), asked)).abs().max())


def right(result: Result) -> str:
    """By what plain training on B leaves of A."""
    before = result.data["known"][-1][0]
    a, b = result.data["ends"]["plain"]
    if a < 0.7 * before:
        return "B"
    if a > before + 0.02:
        return "C"
    return "A" if b < 0.7 else "D"


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Teaches a network A, then B in each way, for each seed; for the first also C, by adapters; and a real model one fact at a time."""
    total, done, runs, shown = len(SEEDS) * (2 + len(KEPT) + len(STRENGTHS) + len(RANKS)) + len(RANKS), 0, [], {}
    share = 0.9

    def ran(curve: list[list[float]]) -> list[list[float]]:
        nonlocal done
        done += 1
        report(share * done / total)
        return [[round(value, 4) for value in point] for point in curve]

    for seed in SEEDS:
        facts = forgetting.tasks(seed)
        a, b = (facts[name] for name in "AB")
        net = forgetting.network(seed)
        weights, curve = forgetting.trained(net, forgetting.weights_of(net), a, (a, b))
        run = {"first": ran(curve)}
        # All ways start from the same weights, those that are shipped.
        base = forgetting.rounded(weights)
        importance = forgetting.fisher(net, base, a.asked)
        run["plain"] = ran(forgetting.trained(net, base, b, (a, b))[1])
        for n in KEPT:
            run[f"replay{n}"] = ran(forgetting.trained(net, base, b, (a, b), replayed=a.first(n))[1])
        for strength in STRENGTHS:

            def penalty(moved: forgetting.Weights, strength: int = strength, importance=importance, base=base) -> Tensor:
                return forgetting.consolidation(strength, importance, base, moved)

            run[f"ewc{strength}"] = ran(forgetting.trained(net, base, b, (a, b), penalty=penalty)[1])
        for rank in RANKS:
            adapter, curve = forgetting.adapt(net, base, b, (a, b), rank, seed)
            run[f"lora{rank}"] = ran(curve)
            if seed == SEEDS[0]:
                other, curve = forgetting.adapt(net, base, facts["C"], (a, b), rank, seed)
                ran(curve)
                shown[f"B{rank}"], shown[f"C{rank}"] = ([_packed(part) for pair in one.values() for part in pair] for one in (adapter, other))
        if seed == SEEDS[0]:
            shown["base"] = [_packed(weight) for weight in base.values()]
        runs.append(run)
    fact = one_fact.all_ways(load(READER, "cpu"), RANKS, lambda part: report(share + (1 - share) * part))
    return {"runs": runs, "weights": shown, "fact": fact}


def _packed(weight: Tensor) -> str:
    return base64.b85encode(weight.numpy().astype("<f2").tobytes()).decode()


def _unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b85decode(text), "<f2").astype(np.float32)


def kept(data: Mapping) -> tuple[torch.nn.Module, dict[str, Tensor], dict[tuple[str, int], dict[str, tuple[Tensor, Tensor]]]]:
    """The network of the first seed: with its weights after A, and the adapters by task and rank."""
    net = forgetting.network(SEEDS[0]).eval()
    shapes = {name: weight.shape for name, weight in net.named_parameters()}
    base = {name: _shaped(text, *shape) for (name, shape), text in zip(shapes.items(), data["weights"]["base"], strict=True)}
    given = {}
    for task in ADAPTERS[1:]:
        for rank in RANKS:
            parts = iter(data["weights"][f"{task}{rank}"])
            given[task, rank] = {
                name: (_shaped(next(parts), shapes[name][0], rank), _shaped(next(parts), rank, shapes[name][1]))
                for name in forgetting.adapted_names(net)
            }
    return net, base, given


def _shaped(text: str, *shape: int) -> Tensor:
    return torch.from_numpy(_unpacked(text)).reshape(shape)


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    """What is known of A and B over the steps; all ways at their end, or each adapter on. Or how one fact is learned."""
    if result.data["view"] == "fact":
        return one_fact.pictures(result.data["fact"], result.data["rank"], words, dark)
    way = result.data["way"]
    return [_curve(result, words, dark), _swaps(result, words, SIZES[2], dark) if way == "lora" else _ends(result, words, SIZES[2], dark)]


def _curve(result: Result, words: Words, dark: bool) -> Picture:
    way, known, steps = result.data["way"], result.data["known"], forgetting.STEPS
    both = [*known, *result.data["curves"][way][1:]]
    series = [words.label("task").format(task=task) for task in "AB"]
    rows = [(i * forgetting.EVERY, point[k], series[k]) for k in range(2) for i, point in enumerate(both)]
    if way == "lora":
        series = [*series, words.label("off")]
        rows += [(steps + i * forgetting.EVERY, known[-1][0], series[2]) for i in range(len(result.data["curves"][way]))]
    return lines(
        pd.DataFrame(rows, columns=["x", "y", "series"]),
        words.label("curve").format(way=words.label(f"way.{way}")),
        words.label("steps"),
        words.label("accuracy"),
        series=series,
        rules=[steps],
        ticks=(0, steps // 2, steps, 3 * steps // 2, 2 * steps),
        points=False,
        ends=(0, 1),
        format=".0%",
        size=SIZES[2],
        dark=dark,
    )


def _ends(result: Result, words: Words, size: tuple[int, int], dark: bool) -> Picture:
    ends, series = result.data["ends"], [words.label("task").format(task=task) for task in "AB"]
    return bars(
        [words.label(f"way.{one}") for one in SHOWN for _task in "AB"],
        [value for one in SHOWN for value in ends[one]],
        words.label("ends"),
        words.label("accuracy"),
        of=series * len(SHOWN),
        series=series,
        marked=[2 * SHOWN.index(result.data["way"]) + i for i in range(2)],
        ends=(0, 1.1),
        format=".0%",
        across=True,
        size=size,
        dark=dark,
    )


def _swaps(result: Result, words: Words, size: tuple[int, int], dark: bool) -> Picture:
    live, on = result.data["live"], ADAPTERS.index(result.data["adapter"])
    return grid(
        np.array(list(live.values())),
        [words.label(f"on.{name}") for name in ADAPTERS],
        [words.label("task").format(task=task) for task in forgetting.TASKS],
        words.label("swaps").format(rank=result.data["rank"], trained=f"{result['trained']:,}", bytes=f"{result['bytes']:,}"),
        top=1.3,
        marked=[(on, column) for column in range(len(forgetting.TASKS))],
        format=".0%",
        written=True,
        size=size,
        dark=dark,
    )


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    """What each way's own number does to both; beside one fact, the toys."""
    if result.data["view"] == "fact":
        return [_curve(result, words, dark), _ends(result, words, SIZES[2], dark)]
    series = [words.label("task").format(task=task) for task in "AB"]
    drawn = []
    for way, found in result.data["knobs"].items():
        names = [f"{n:,}" for n in found] if way != "ewc" else [f"10{'²³⁴⁵'[i]}" for i in range(len(found))]
        drawn.append(
            bars(
                [name for name in names for _task in "AB"],
                [value for pair in found.values() for value in pair],
                words.label(f"knob.{way}"),
                words.label("accuracy"),
                of=series * len(found),
                series=series,
                ends=(0, 1),
                format=".0%",
                written=False,
                size=SIZES[3],
                dark=dark,
            )
        )
    return drawn


DEMO = Demo(
    id="Q24b",
    module="q24b_forgetting",
    chapter=6,
    compute=compute,
    pictures=pictures,
    more=more,
    right=right,
    door=Door("training", {"lab_preset": "recall"}),
    controls=(
        Control("way", WAYS, "plain", main=True),
        Control("rank", RANKS, 4),
        Control("strength", STRENGTHS, 10_000),
        Control("adapter", ADAPTERS, "B"),
        Control("view", VIEWS, "tasks"),
    ),
    make=make,
    source="McCloskey & Cohen 1989; Robins 1995; Kirkpatrick et al. 2017; Hu et al. 2021; Brown et al. 2020",
)
