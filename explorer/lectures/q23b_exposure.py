"""Q23b: teacher forcing: a network that reads the true history in training, and its own when it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, lines, texts
from explorer.i18n import N_
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from explorer.reading import read
from models import Model
from models.seeded import seeded
from models.toy import ToyConfig, ToyModel
from models.training.optimiser import adamw

HOURS, LENGTH, STEPS, BATCH = 12, 16, 140, 64
"""Numbers on the clock; numbers that are added up, one after the other; steps of a training, stopped before it is perfect."""
SEEDS, TRAININGS, HISTORIES = (1, 2, 3), ("forced", "sampled"), ("true", "own")
MIXED = 0.25
"""Share of its own tokens that a network reads at the end of scheduled sampling (Bengio et al. 2015)."""
SOURCE, TARGET, SLIP = "I love you.", "我爱你", "喜"
_TESTED = 1000
WAYS: Mapping[str, Mapping[str, object]] = {
    "greedy": {"do_sample": False, "num_beams": 1},
    # Without the bonus for length: beams are compared by their probability alone.
    "beam": {"do_sample": False, "num_beams": 4, "length_penalty": 0.0},
    "top_p": {"do_sample": True, "num_beams": 1, "top_p": 0.9, "top_k": 0},
}
"""Of going on from a start, as transformers names them."""
DRAWN, _MADE, _SEED = 3, 10, 23
"""Draws of the way that draws; tokens that are made at most."""
_DECODED: WeakKeyDictionary[Model, dict[tuple[str, str, int], tuple[str, float]]] = WeakKeyDictionary()
"""What does not depend on the controls, written once a model."""


def compute(models: Models, history: str = "own", training: str = "forced", first: str = "true") -> Result:
    """Reads the trainings, and asks the translator for one token after the other.

    Args:
        models: opens translate-mini.
        history: that the network reads, "true" or "own".
        training: "forced" by the teacher, or "sampled", by scheduled sampling.
        first: character of the translation that stands there, "true" or "wrong".
    """
    runs = shipped.read("q23b_exposure").data["runs"]
    curves = {(kind, read): np.mean([run[kind][read] for run in runs], axis=0).tolist() for kind in TRAININGS for read in HISTORIES}
    steps = {which: translated(models, which) for which in ("true", "wrong")}
    # The true start leaves nothing to draw.
    rows = {
        (start, way): [decoded(models, start, way, draw) for draw in range(DRAWN if (start, way) == ("wrong", "top_p") else 1)]
        for start in ("true", "wrong")
        for way in WAYS
    }
    greedy, beam, drawn = ([chance for _text, chance in rows["wrong", way]] for way in WAYS)
    measures = (
        *(Measure(f"{kind}_{read}", curves[kind, read][-1], format=".0%") for kind in TRAININGS for read in HISTORIES),
        Measure("same_first", abs(curves["forced", "own"][0] - curves["forced", "true"][0]), 0, tolerance=1e-9, format=".0%"),
        Measure("right_love", steps["true"][1], format=".1%"),
        Measure("wrong_love", steps["wrong"][1], steps["true"][1], "below", format=".1%"),
        Measure("greedy", greedy[0], format=".1%"),
        Measure("beam", beam[0], greedy[0] * (1 - 1e-4), "at least", format=".1%"),
        Measure("top_p", max(drawn), beam[0] * (1 + 1e-4), "at most", format=".3%"),
    )
    said = {"n": str(LENGTH), "seeds": str(len(runs))}
    data = {"curves": curves, "steps": steps, "history": history, "training": training, "first": first, "rows": rows}
    return Result(measures, data, said)


def translated(models: Models, first: str) -> list[float]:
    """Probability of each character of the translation, given the true ones before it, but for the first, which may be wrong."""
    model = models("translate-mini")
    ids = model.tokenizer.convert_tokens_to_ids([*TARGET, SLIP])
    so_far = [model.network.config.decoder_start_token_id, ids[0] if first == "true" else ids[-1], *ids[1:-2]]
    source = read(model, SOURCE)
    with model.lock, torch.no_grad():
        given = source.inputs(model.device)
        logits = model.network(input_ids=given["input_ids"], decoder_input_ids=torch.tensor([so_far], device=model.device)).logits[0]
    return [float(row[one]) for row, one in zip(logits.float().softmax(-1), ids, strict=False)]


def decoded(models: Models, first: str, way: str, draw: int) -> tuple[str, float]:
    """A translation whose first character is given, and its probability after that.

    Args:
        models: opens translate-mini.
        first: "true" or "wrong".
        way: of `WAYS`.
        draw: its number, where the way draws.
    """
    model = models("translate-mini")
    known = _DECODED.setdefault(model, {})
    if (first, way, draw) not in known:
        known[first, way, draw] = _decoded(model, first, way, draw)
    return known[first, way, draw]


def _decoded(model: Model, first: str, way: str, draw: int) -> tuple[str, float]:
    ids = model.tokenizer.convert_tokens_to_ids([TARGET[0], SLIP])
    start = torch.tensor([[model.network.config.decoder_start_token_id, ids[first == "wrong"]]], device=model.device)
    source = read(model, SOURCE)
    with model.lock, torch.inference_mode(), seeded(_SEED + draw):
        given = source.inputs(model.device)
        made = model.network.generate(**given, decoder_input_ids=start, max_new_tokens=_MADE, max_length=None, **WAYS[way])[0]
        chances = model.network(input_ids=given["input_ids"], decoder_input_ids=made[None, :-1]).logits[0].float().log_softmax(-1)
    each = chances[range(1, len(made) - 1), made[2:]]
    return model.tokenizer.decode(made, skip_special_tokens=True).replace(" ", ""), float(each.sum().exp())


def draw(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Numbers, and what they sum to so far, on the clock."""
    numbers = torch.randint(HOURS, (n, LENGTH), generator=generator)
    return numbers, numbers.cumsum(1) % HOURS


def network(seed: int) -> ToyModel:
    with seeded(seed):
        size = {"vocab_size": 2 * HOURS + 1, "max_length": 2 * LENGTH}
        return ToyModel(ToyConfig(**size, layers=1, heads=2, d_model=32, ffn=2.0, tie_embeddings=False, init_std=0.1))


def logits(net: nn.Module, numbers: Tensor, history: Tensor) -> Tensor:
    """Of each sum; the sum before it, from the history, and the next number are read by turns."""
    before = torch.cat([torch.full_like(history[:, :1], HOURS), history[:, :-1]], dim=1)
    ids = torch.stack([before, numbers + HOURS + 1], dim=2).flatten(1)
    return net(input_ids=ids).logits[:, 1::2, :HOURS]


@torch.no_grad()
def own_history(net: nn.Module, numbers: Tensor) -> Tensor:
    """What it writes, one sum after the other."""
    written = torch.zeros_like(numbers)
    for t in range(numbers.shape[1]):
        written[:, t] = logits(net, numbers, written)[:, t].argmax(-1)
    return written


def trained(seed: int, kind: str, tell: Callable[[], None] = lambda: None) -> ToyModel:
    """A network that learned from the true history, or from one in which more and more of its own sums stand."""
    net, random = network(seed), torch.Generator().manual_seed(seed)
    optimiser = adamw(net.parameters(), 3e-3, 0.01, (0.9, 0.98))
    for step in range(STEPS):
        numbers, sums = draw(BATCH, random)
        history = sums
        if kind == "sampled":
            with torch.no_grad():
                guessed = logits(net, numbers, sums).argmax(-1)
            history = torch.where(torch.rand(sums.shape, generator=random) < MIXED * step / STEPS, guessed, sums)
        optimiser.zero_grad()
        nn.functional.cross_entropy(logits(net, numbers, history).flatten(0, 1), sums.flatten()).backward()
        optimiser.step()
        tell()
    return net.eval()


def scored(net: nn.Module) -> dict[str, list[float]]:
    """Share of right sums at each place, by history."""
    numbers, sums = draw(_TESTED, torch.Generator().manual_seed(0))
    with torch.no_grad():
        answers = {"true": logits(net, numbers, sums).argmax(-1), "own": own_history(net, numbers)}
    return {read: (answer == sums).float().mean(0).tolist() for read, answer in answers.items()}


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains each network on both histories."""
    done, runs = 0, []

    def tell() -> None:
        nonlocal done
        done += 1
        report(done / (len(SEEDS) * len(TRAININGS) * STEPS))

    for seed in SEEDS:
        found = {kind: scored(trained(seed, kind, tell)) for kind in TRAININGS}
        runs.append({kind: {read: [round(v, 4) for v in curve] for read, curve in both.items()} for kind, both in found.items()})
    return {"runs": runs}


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    series = [words.label(f"history.{read}") for read in HISTORIES]
    shown = HISTORIES if data["history"] == "own" else HISTORIES[:1]
    rows = [(t + 1, value, words.label(f"history.{read}")) for read in shown for t, value in enumerate(data["curves"][data["training"], read])]
    first = [SLIP if data["first"] == "wrong" else TARGET[0], *TARGET[1:]]
    steps = data["steps"]
    return [
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            words.label("curves").format(training=words.label(f"training.{data['training']}")),
            words.label("place"),
            words.label("accuracy"),
            series=series,
            ticks=(1, 4, 8, 12, 16),
            ends=(0, 1),
            format=".0%",
            size=SIZES[2],
            dark=dark,
        ),
        bars(
            [f"{''.join(first[:t])} → {TARGET[t]}" for t in range(1, len(TARGET))],
            steps[data["first"]][1:],
            words.label("slip").format(source=SOURCE),
            words.label("next"),
            ends=(0, 1.15),
            format=".1%",
            across=True,
            size=SIZES[2],
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    """What each way writes from the same start."""
    found = [(start, way, *one) for (start, way), each in result.data["rows"].items() for one in each]
    starts = {"true": TARGET[0], "wrong": SLIP}
    rows = [(starts[start], words.label(f"way.{way}"), text, f"{chance:.2g}") for start, way, text, chance in found]
    columns = [words.label(name) for name in ("start", "way", "writes", "chance")]
    of, series = [starts[start] for start, *_rest in found], [*starts.values()]
    title = words.label("ways").format(source=SOURCE)
    return [texts(rows, columns, title, of=of, series=series, widths=(0.1, 0.25, 0.4, 0.25), size=SIZES[1], dark=dark)]


DEMO = Demo(
    id="Q23b",
    module="q23b_exposure",
    chapter=6,
    compute=compute,
    pictures=pictures,
    more=more,
    right="C",
    door=Door("generate", {"model": "translate-mini", "text": SOURCE}),
    controls=(
        Control("history", HISTORIES, "own", main=True),
        Control("training", TRAININGS, "forced"),
        Control("first", ("true", "wrong"), "true"),
    ),
    make=make,
    source=N_("Williams & Zipser 1989; Bengio et al. 2015; Ranzato et al. 2016; Holtzman et al. 2020 (top-p)"),
)
