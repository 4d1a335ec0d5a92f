"""All methods on one text for one target, each as a number per input token, and how well each agrees with leaving tokens out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from explorer.capture import Capture, capture_ids
from explorer.flow import blankout, norms, paths, relevance
from explorer.flow.targets import Target, make
from explorer.reading import AnyText
from models import InputError, Model
from models.words import told

METHODS = ("attention", "norms", "rollout", "flow", "relevance")
"""Raw weights of the last layer, the same by the length of what is passed on, rollout, flow, gradient-weighted relevance."""
FLOW_TOKENS = 40
"""In longer texts the flow takes too long to be computed unasked."""


@dataclass(frozen=True, eq=False)
class Traced:
    """One text traced back from one target.

    Attributes:
        target: what was predicted, from which text.
        tokens: by method, how much each input token counts, (n,); only those methods that this model and this length bear.
        maps: by method, token of the last layer by input token, (n, n).
        effects: fall of the target's probability without each token, (n,), nan for those that are not left out.
        missing: by method, why it is not there.
    """

    target: Target
    tokens: dict[str, np.ndarray]
    maps: dict[str, np.ndarray]
    effects: np.ndarray
    missing: dict[str, str]

    @property
    def correlations(self) -> dict[str, float]:
        """Spearman's rank correlation of each method with the size of the effects, over the tokens that are left out; nan for fewer than 3."""
        free = list(self.target.free)
        return {name: _spearman(values[free], np.abs(self.effects[free])) for name, values in self.tokens.items()}


def trace(model: Model, target: Target, progress: Callable[[float], None] | None = None, *, flow: bool | None = None) -> Traced:
    """Runs all methods.

    Args:
        model: that of the target.
        target: see `targets.make`.
        progress: told the share that is done.
        flow: compute the flow; None for texts of at most `FLOW_TOKENS` tokens.
    """
    tell = progress or (lambda share: None)
    captured = capture_ids(model, target.tokens)
    part = captured.parts[0]
    patterns = np.stack([captured.mean(site.layer, part) for site in captured.sites(part)])
    maps, missing = {"attention": patterns[-1], "rollout": paths.rollout(patterns)[-1]}, {}
    n, rows = len(target.ids), list(target.rows)
    # Without the identity that it begins with: a token's relevance to itself would drown the others.
    maps["relevance"] = relevance.relevance(model, target) - np.eye(n)
    tell(0.1)
    try:
        maps["norms"] = _last_norms(model, captured, part)
    except InputError as error:
        missing["norms"] = error.problem
    flows = flow or (flow is None and n <= FLOW_TOKENS)
    # Where no flow follows, to leave out each token is nearly all that there is to do.
    effects = blankout.effects(model, target, lambda share: tell(0.1 + (0.2 if flows else 0.9) * share))
    tokens = {name: values[rows].mean(0) for name, values in maps.items()}
    if flows:
        found = paths.flow(patterns, rows, lambda share: tell(0.3 + 0.7 * share))
        tokens["flow"] = found.mean(0)
        if len(rows) == n:
            maps["flow"] = found
    else:
        missing["flow"] = told("{n} tokens", n=n)
    tell(1.0)
    order = [name for name in METHODS if name in tokens]
    return Traced(target, {name: tokens[name] for name in order}, maps, effects, missing)


def agreement(
    model: Model, texts: Sequence[AnyText], kind: str | None = None, progress: Callable[[float], None] | None = None, *, flow: bool = False
) -> dict[str, np.ndarray]:
    """Spearman's rank correlation of each method with leaving tokens out, over several texts.

    Args:
        model, kind: as `targets.make` takes them; each text's target is what the model holds likeliest.
        texts: those of fewer than three tokens of their own give nan, as do those that the model cannot read.
        progress: told the share that is done.
        flow: compute the flow, too.

    Returns:
        By method, (texts,).
    """
    found = {name: np.full(len(texts), np.nan) for name in METHODS if flow or name != "flow"}
    for i, text in enumerate(texts):
        try:
            traced = trace(model, make(model, text, kind), flow=flow)
        except InputError:
            continue
        for name, value in traced.correlations.items():
            found[name][i] = value
        if progress:
            progress((i + 1) / len(texts))
    return found


def _last_norms(model: Model, captured: Capture, part: str) -> np.ndarray:
    return norms.of_layer(model, captured, len(captured.sites(part)) - 1, part)


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(spearmanr(one, other).statistic)
