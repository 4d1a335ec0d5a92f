"""Q24d: what else one could build: a scratch pad, a fact written into a matrix, and what a head causes against what its map suggests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, lines, points, texts
from explorer.lectures import edits, scratch, shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.edits import Causes, Edited
from explorer.lectures.words import Words
from models import Model, load

READER = "gpt2-mini"
VIEWS = ("pad", "examples", "edit", "causes")
_NAMED = 5
"""Heads whose names stand at their points: those that cause most."""
_EDITED: WeakKeyDictionary[Model, dict[int, Edited]] = WeakKeyDictionary()
_CAUSES: WeakKeyDictionary[Model, Causes] = WeakKeyDictionary()
"""What does not depend on the other controls, computed once a model."""


def compute(models: Models, digits: int = 8, view: str = "pad", layer: int = 2, model: str = READER) -> Result:
    """Reads the trainings, and edits and questions a real model.

    Args:
        models: opens the model.
        digits: how many digits are added.
        view: what is drawn: sums with a scratch "pad", accuracy by "examples", one fact in an "edit", or what heads "cause".
        layer: whose feed-forward network gets the fact; the last one where there are fewer.
        model: a decoder of GPT-2's form.

    Raises:
        InputError: as `edits.edited` and `edits.causes`.
    """
    kept = shipped.read("q24d_further").data
    at = scratch.DIGITS.index(digits)
    with_steps, direct = (kept["by_digits"][way][at] for way in scratch.WAYS)
    opened = models(model)
    edit, caused = edited(opened, layer), causes(opened)
    correlation = float(spearmanr(caused.weight.ravel(), caused.effect.ravel()).statistic)
    strongest = tuple(int(i) for i in np.unravel_index(caused.effect.argmax(), caused.effect.shape))
    unchanged = sum(was == is_ for was, is_, _before, _after in edit.others)
    moved = max(abs(after - before) for _was, _is, before, after in edit.others)
    measures = (
        Measure("with_steps", with_steps, format=".1%"),
        Measure("direct", direct, format=".1%"),
        Measure("guessing", 0.1, format=".0%"),
        Measure("fewest", kept["by_examples"][0], kept["by_examples"][-1], "at most", format=".1%"),
        Measure("before", edit.before, format=".2%"),
        Measure("after", edit.after, edit.before, "above", format=".1%"),
        Measure("rank", edit.rank, 1, format="d"),
        Measure("unchanged", unchanged, format="d"),
        Measure("moved", moved, edit.after - edit.before, "below", format=".2%"),
        Measure("correlation", correlation, 0.999, "below", format=".2f"),
        Measure("joint", caused.whole[0] - caused.whole[1], format=".2f"),
        Measure("sum", float(caused.effect.sum()), format=".2f"),
    )
    said = {"digits": str(digits), "others": str(len(edit.others)), "prompt": edits.PROMPT, "target": edits.TARGET.strip(), "model": opened.name}
    said |= {"head": f"{strongest[0]}.{strongest[1]}", "strongest": f"{caused.effect[strongest]:.2f}", "look": f"{caused.weight[strongest]:.2f}"}
    asked = tuple(kept["by_digits"][way][-1] for way in scratch.WAYS)
    return Result(measures, {"kept": kept, "digits": digits, "view": view, "edit": edit, "caused": caused, "asked": asked}, said)


def edited(opened: Model, layer: int) -> Edited:
    """`edits.edited`, kept; of the bundled reader as it was shipped."""
    known, at = _EDITED.setdefault(opened, {}), min(layer, len(opened.sites) - 1)
    if opened.name == READER:
        kept = shipped.read("q24d_further").data["edits"][at]
        return Edited(**kept | {"others": tuple(map(tuple, kept["others"]))})
    if at not in known:
        known[at] = edits.edited(opened, at)
    return known[at]


def causes(opened: Model) -> Causes:
    """`edits.causes`, kept; of the bundled reader as it was shipped."""
    if opened.name == READER:
        kept = shipped.read("q24d_further").data["causes"]
        maps = {name: np.array(kept[name]) for name in ("effect", "weight")}
        return Causes(**maps, whole=tuple(kept["whole"]), words=tuple(kept["words"]))
    if opened not in _CAUSES:
        _CAUSES[opened] = edits.causes(opened)
    return _CAUSES[opened]


def right(result: Result) -> str:
    """What was measured with eight digits; closer than .05 is the same."""
    with_steps, direct = result.data["asked"]
    return "A" if abs(with_steps - direct) < 0.05 else "B" if with_steps > direct else "C"


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains a toy for each number of digits with and without steps, and for each number of examples; edits and questions the reader."""
    model, share = load(READER, "cpu"), 0.9
    made = scratch.all_runs(lambda done: report(share * done))
    written = []
    for layer in range(len(model.sites)):
        written.append(asdict(edits.edited(model, layer)))
        report(share + (1 - share) * (layer + 1) / (len(model.sites) + 1))
    causes_ = asdict(edits.causes(model))
    report(1.0)
    return made | {"edits": written, "causes": causes_ | {name: causes_[name].tolist() for name in ("effect", "weight")}}


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return {"pad": _pad, "examples": _examples, "edit": _edit, "causes": _causes}[result.data["view"]](result.data, words, dark)


def _pad(data: Mapping, words: Words, dark: bool) -> Sequence[Picture]:
    series = {way: words.label(f"way.{way}") for way in scratch.WAYS}
    rows = [(n, value, series[way]) for way in scratch.WAYS for n, value in zip(scratch.DIGITS, data["kept"]["by_digits"][way], strict=True)]
    drawn, partial = scratch.sums(1, data["digits"], torch.Generator().manual_seed(data["digits"]))
    written = []
    for way in scratch.WAYS:
        tokens = scratch.written(drawn, partial, way)[0].tolist()
        asked, answer = (" ".join(str(token) for token in part) for part in (tokens[: data["digits"]], tokens[data["digits"] + 1 :]))
        written.append((series[way], asked, answer))
    return [
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            words.label("sums"),
            words.label("digits"),
            words.label("accuracy"),
            series=[*series.values()],
            ticks=scratch.DIGITS,
            rules=[data["digits"]],
            ends=(0, 1),
            format="%",
            size=SIZES[2],
            dark=dark,
        ),
        texts(
            written,
            ["", words.label("reads"), words.label("writes")],
            words.label("example"),
            widths=(0.3, 0.35, 0.35),
            of=[*series.values()],
            series=[*series.values()],
            size=(SIZES[2][0], 130),
            dark=dark,
        ),
    ]


def _examples(data: Mapping, words: Words, dark: bool) -> Sequence[Picture]:
    table = pd.DataFrame({"x": scratch.EXAMPLES, "y": data["kept"]["by_examples"]})
    title, x, y = (words.label(name) for name in ("by_examples", "examples", "accuracy"))
    return [lines(table, title, x, y, log_x=True, ticks=scratch.EXAMPLES, ends=(0, 1), format="%", size=SIZES[1], dark=dark)]


def _edit(data: Mapping, words: Words, dark: bool) -> Sequence[Picture]:
    edit: Edited = data["edit"]
    names = [edits.TARGET.strip(), *(was.strip() for was, _is, _before, _after in edit.others)]
    before, after = [edit.before, *(row[2] for row in edit.others)], [edit.after, *(row[3] for row in edit.others)]
    kinds = [words.label("was"), words.label("is")]
    return [
        bars(
            names * 2,
            before + after,
            words.label("edited"),
            words.label("probability"),
            of=[kinds[0]] * len(names) + [kinds[1]] * len(names),
            series=kinds,
            ends=(0, 1),
            format=".0%",
            written=True,
            size=SIZES[1],
            dark=dark,
        )
    ]


def _causes(data: Mapping, words: Words, dark: bool) -> Sequence[Picture]:
    caused: Causes = data["caused"]
    largest = {tuple(np.unravel_index(i, caused.effect.shape)) for i in caused.effect.ravel().argsort()[-_NAMED:]}
    rows = [(caused.weight[at], caused.effect[at], f"{at[0]}.{at[1]}" if at in largest else "") for at in np.ndindex(caused.effect.shape)]
    table = pd.DataFrame(rows, columns=["x", "y", "name"])
    return [points(table, words.label("caused"), words.label("weight"), words.label("effect"), size=SIZES[1], dark=dark)]


DEMO = Demo(
    id="Q24d",
    module="q24d_further",
    chapter=6,
    compute=compute,
    pictures=pictures,
    right=right,
    door=Door("beyond", {"text": edits.TOLD[0]}, {"model": "model"}),
    controls=(
        Control("digits", scratch.DIGITS, 8, main=True),
        Control("view", VIEWS, "pad"),
        Control("layer", (0, 1, 2, 3, 4, 5), 2),
        Control("model", ("gpt2-mini",), "gpt2-mini", model=True),
    ),
    make=make,
    source="Nye et al. 2021; Meng et al. 2022; Vig et al. 2020; Geiger et al. 2021; Jain & Wallace 2019",
)
