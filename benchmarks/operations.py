"""Everything that is computed with a model, one function each, in numbers that two devices can be compared by.

`benchmarks.gpu` runs them on a graphics card, `tests/gpu` too, and `tests/test_second_device` under a check that needs none;
`tests/models/opening/test_families` in half precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from explorer import generate
from explorer.ablation import importance
from explorer.ablation.curves import curve
from explorer.ablation.results import TaskResults
from explorer.ablation.sweep import sweep
from explorer.capture import capture
from explorer.flow import methods, targets
from explorer.lens import contributions, layers
from explorer.positions import order
from explorer.scores import measure, repeated
from explorer.softmax.scale import ScaleCurve
from explorer.tasks.base import Task
from explorer.tasks.data import Examples, Labelled
from explorer.tasks.language import Masked, Next
from models import Model
from models.opening.devices import room_on
from models.surgery import slicing

TEXT = "the cat sat on a mat . did they play"
"""36 characters: the smallest of the models read 40 tokens, and one of them reads characters."""
TEXTS = [" ".join((TEXT.split() * 2)[i : i + 4 + i % 4]) for i in range(10)]

Numbers = dict[str, np.ndarray]


def attention(model: Model) -> Numbers:
    """Patterns, outputs of heads, and the small pictures of all heads."""
    # A target that the model made itself is another one where rounding makes another token the likeliest.
    found = capture(model, TEXT, target=TEXT if model.kind == "encoder-decoder" else None)
    made: Numbers = {}
    for part in found.parts:
        for site in found.sites(part):
            if site.heads:
                made[f"{part} {site.layer}"] = found.patterns(site.layer, part)
                made[f"{part} {site.layer} small"] = found.thumbnails(8, part)[site.layer]
                if not model.view_only:
                    made[f"{part} {site.layer} output"] = found.outputs(site.layer, 0, part)
    return made


def head_scores(model: Model) -> Numbers:
    """All scores of all heads."""
    return dict(measure.on_texts(model, TEXTS).values)


def repetition(model: Model) -> Numbers:
    """Scores on repeated random tokens."""
    return repeated.on_repeated(model, tokens=12, sequences=2)


def lens(model: Model) -> Numbers:
    """What every layer would predict."""
    found = layers.lens(model, TEXT)
    return {"chance": found.chance, "entropy": found.entropy, "divergence": found.divergence}


def parts_of_a_logit(model: Model) -> Numbers:
    """One logit as a sum of what was written into the residual stream."""
    found = contributions.contributions(model, TEXT)
    return {"total": np.array(found.total), "logit": np.array(found.logit)}


def traced(model: Model) -> Numbers:
    """Which tokens a prediction rests on, by every method."""
    found = methods.trace(model, targets.make(model, TEXT))
    return {**found.tokens, "left out": found.effects}


def generated(model: Model) -> Numbers:
    """Tokens gone on with, greedily, and where the newest one looked."""
    steps = list(generate.generate(model, TEXT, tokens=8))
    return {"probability": np.array([step.token.chance for step in steps])}


def another_order(model: Model) -> Numbers:
    """The last states of a text and of the same tokens in another order."""
    free = len(capture(model, TEXT).source.free)
    found = order.permuted(model, TEXT, list(np.random.default_rng(0).permutation(free)))
    return {"before": found.before, "after": found.after}


def pruned(model: Model) -> Numbers:
    """Scores without some heads, and single effects of all others."""
    results = TaskResults(task(model))
    some = frozenset({(site.index, 0) for site in model.sites if site.heads})
    effects = results.single_effects(some)
    return {"all": results.score().loss, "some": results.score(some, "mean").loss, "effects": np.array([effects[key] for key in sorted(effects)])}


def swept(model: Model) -> Numbers:
    """Every head removed alone."""
    found = sweep(task(model))
    return {"baseline": found.baseline.loss, "without": np.stack([found.without[key].loss for key in sorted(found.without)])}


def by_gradient(model: Model) -> Numbers:
    """Importance of heads by gradients of their gates."""
    found = importance.gradient(task(model))
    return {"importance": np.array([found[key] for key in sorted(found)])}


def greedy(model: Model) -> Numbers:
    """A curve of pruning in the greedy order."""
    return {"score": np.array([point.score for point in curve(task(model), "greedy").points])}


def scaled(model: Model) -> Numbers:
    """The scale of scores doubled."""
    (point,) = ScaleCurve(task(model)).compute([2.0])
    return {"entropy": np.array(point.entropy), "loss": np.array(point.loss)}


def cut_out(model: Model) -> Numbers:
    """Logits of a smaller network, and of one of the old size in which the same heads say nothing."""
    heads = {site.index: range(site.heads // site.kv_heads) for site in model.sites if site.heads > 1}
    smaller, silent = slicing.sliced(model, heads), slicing.zeroed(model, heads)
    given = capture(model, TEXT).source.inputs(model.device)
    if model.kind == "encoder-decoder":
        given["decoder_input_ids"] = given["input_ids"]
    with torch.inference_mode(), room_on(model.device, "a text"):
        return {"smaller": smaller.network(**given)[0].float().cpu().numpy(), "silent": silent(**given)[0].float().cpu().numpy()}


def task(model: Model) -> Task:
    """Words of the texts to be told: masked ones of an encoder, next ones of the others."""
    paired = model.kind == "encoder-decoder"
    examples = Examples("texts", tuple(Labelled(text, None, pair=text if paired else "") for text in TEXTS), ())
    return (Masked if model.kind == "encoder" else Next)(model, examples)


OPERATIONS: Mapping[str, Callable[[Model], Numbers]] = {
    function.__name__: function
    for function in (
        attention,
        head_scores,
        repetition,
        lens,
        parts_of_a_logit,
        traced,
        generated,
        another_order,
        pruned,
        swept,
        by_gradient,
        greedy,
        scaled,
        cut_out,
    )
}
"""By name. Each raises InputError (or ModelError, in `cut_out`) for a model that it is not for."""


def apart(one: Numbers, other: Numbers) -> float:
    """Largest difference of two results, in units of the largest number of its kind, or of 1 where that is smaller; inf where one is nan.

    Raises:
        ValueError: they do not hold the same numbers.
    """
    if one.keys() != other.keys():
        raise ValueError(f"{sorted(one.keys() ^ other.keys())} is in one of two results")
    worst = 0.0
    for name, mine in one.items():
        theirs = np.asarray(other[name], dtype=float)
        mine = np.asarray(mine, dtype=float)
        if mine.shape != theirs.shape or (np.isnan(mine) != np.isnan(theirs)).any():
            return float("inf")
        if mine.size:
            worst = max(worst, float(np.nanmax(np.abs(mine - theirs), initial=0.0)) / max(1.0, float(np.nanmax(np.abs(theirs), initial=0.0))))
    return worst
