"""What roles are compared with, and no shard changes: repeated tokens, and the largest scores of the same network with random weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer import own_rules
from explorer.atlas.plan import Plan
from explorer.capture import capture_sides
from explorer.reading import tokens_of
from explorer.scores import baselines, measure
from explorer.scores.definitions import REPEATED
from explorer.scores.roles import ROLES
from models import Model
from models.errors import ExplorerError

_TEXTS = 32
"""Of the corpus, as much is read with random weights; an encoder-decoder, which reads two texts each time, a quarter of them."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What belongs to a model.

    Attributes:
        repeated: scores on repeated tokens, by head, float64 (heads, `REPEATED`); nan for an encoder-decoder.
        bounds: largest score of any head with random weights, (parts, roles); nan where that cannot be had.
    """

    repeated: np.ndarray
    bounds: np.ndarray


def of_model(model: Model, plan: Plan) -> Reference:
    """Computes it: a pure function of model and plan."""
    heads = [(site, head) for site in model.sites for head in range(site.heads)]
    repeated, bounds = np.full((len(heads), len(REPEATED)), np.nan), np.full((len(model.parts), len(ROLES)), np.nan)
    if model.view_only:
        return Reference(repeated, bounds)
    found = baselines.of_model(model)
    for at, score in enumerate(REPEATED):
        if score.name in found.repeated:
            repeated[:, at] = [found.repeated[score.name][site.layer, head] for site, head in heads]
    drawn = found.network(model)
    if drawn is None:
        return Reference(repeated, bounds)
    try:
        values = _random(drawn, plan)
    except (ValueError, ExplorerError):
        return Reference(repeated, bounds)
    for number, part in enumerate(model.parts):
        of_part = values[part] | dict(found.random_repeated)
        for at, role in enumerate(ROLES):
            there = [of_part[name] for name in role.scores if name in of_part and not np.isnan(of_part[name]).all()]
            bounds[number, at] = max((float(np.nanmax(one)) for one in there), default=np.nan)
    return Reference(repeated, bounds)


def _random(drawn: Model, plan: Plan) -> dict[str, dict[str, np.ndarray]]:
    """Scores of a network with random weights on the first texts, by part and name."""
    texts = [tokens_of(drawn, plan.encoded(i)) for i in range(min(_TEXTS, len(plan.sources)))]
    if drawn.kind != "encoder-decoder":
        return {part: dict(measure.on_texts(drawn, texts, part).values) for part in drawn.parts}
    captures = []
    for source, target in zip(texts[: _TEXTS // 4], plan.targets, strict=False):
        # What random weights would write is no text; where there is no target, its source is as good.
        decoder = own_rules.shifted(drawn, source.ids) if target is None else target.tolist()
        captures.append(capture_sides(drawn, {"encoder": source, "decoder": tokens_of(drawn, decoder)}))
    return {part: dict(measure.on_captures(captures, part).values) for part in drawn.parts}
