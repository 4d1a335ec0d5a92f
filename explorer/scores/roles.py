"""Roles: which heads do one thing, by a threshold and against what heads do whose weights are random."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.ablation.resumable import Pieces
from explorer.i18n import N_
from explorer.reading import AnyText
from explorer.scores import baselines, null
from explorer.scores.baselines import Baselines
from explorer.scores.measure import HeadScores, on_texts
from models import Model
from models.errors import ExplorerError


@dataclass(frozen=True)
class Role:
    """One role. Its title, and why, are translated where they are shown.

    Attributes:
        name: in files.
        title: on a page.
        scores: of which the largest decides.
        threshold: that it has to reach.
        why: where the threshold comes from.
        beats_random: whether it also has to be larger than that of every head with random weights.
    """

    name: str
    title: str
    scores: tuple[str, ...]
    threshold: float
    why: str
    beats_random: bool = True


ROLES: tuple[Role, ...] = (
    Role(
        "positional",
        N_("positional"),
        ("peak_previous", "peak_next"),
        0.9,
        N_("At least 90 % of the largest weights at one offset of ±1 (Voita et al. 2019, section 5.1)."),
    ),
    Role(
        "sink",
        N_("sink"),
        ("first", "special"),
        0.5,
        N_("More than half of the attention goes to the first token or to special ones (Clark et al. 2019, section 3.2; Xiao et al. 2023)."),
    ),
    Role(
        "broad",
        N_("broad"),
        ("relative_entropy",),
        0.9,
        N_("Entropy of at least 90 % of its maximum (after Clark et al. 2019, section 3.3). Heads with random weights are broad, too."),
        beats_random=False,
    ),
    Role(
        "induction",
        N_("induction"),
        ("repeated_induction",),
        0.4,
        N_("On repeated random tokens; published heads of GPT-2 go from .48 upwards."),
    ),
    Role(
        "duplicate",
        N_("duplicate token"),
        ("repeated_duplicate",),
        0.4,
        N_("On repeated random tokens; published heads of GPT-2 go from .68 upwards."),
    ),
    Role(
        "rare",
        N_("rare word"),
        ("rare",),
        0.3,
        N_("At least 30 % of the attention on the one rarest token of a text (after Voita et al. 2019, section 5.3)."),
    ),
)
SYNTACTIC = "syntactic"
"""Beats the best fixed offset of a dependency relation by at least 10 % (Voita et al. 2019, section 5.2), in each half of the sentences and by
more than chance; see `explorer.syntax`."""


@dataclass(frozen=True)
class Held:
    """A head that has a role.

    Attributes:
        layer, head: from 0.
        role: its name.
        score: name of the score that decided, and its value.
        value: see score.
        threshold: that it reached.
        random: the largest value of any head with random weights; nan where that cannot be had.
        shuffled: the head's value on the same texts with their tokens shuffled, nan where that says nothing.
    """

    layer: int
    head: int
    role: str
    score: str
    value: float
    threshold: float
    random: float
    shuffled: float


SHUFFLED, RANDOM = "texts, shuffled", "texts, random weights"
"""What batches of what is compared with are called among finished pieces."""


@dataclass(frozen=True, eq=False)
class Known:
    """Scores of a model, and of what they are compared with.

    Attributes:
        scores: of the model, those on repeated tokens among them.
        random: of the same architecture with random weights, or None.
        shuffled: of the model on shuffled tokens, or None.
    """

    scores: HeadScores
    random: HeadScores | None
    shuffled: HeadScores | None

    def roles(self, syntactic: Collection[tuple[int, int]] = ()) -> list[Held]:
        """Every role of every head, by layer and head; a head may have several.

        Args:
            syntactic: (layer, head) of heads that were found to be syntactic elsewhere.
        """
        found = [Held(layer, head, SYNTACTIC, "", *[float("nan")] * 4) for layer, head in syntactic]
        for role in ROLES:
            names = [name for name in role.scores if name in self.scores.values]
            if not names:
                continue
            stack = np.stack([self.scores.values[name] for name in names])
            bound = _largest(self.random, names) if role.beats_random else float("nan")
            for layer, head in np.argwhere(np.nan_to_num(stack, nan=-1).max(0) >= role.threshold):
                name = names[int(np.nanargmax(stack[:, layer, head]))]
                value = float(self.scores.values[name][layer, head])
                if np.isfinite(bound) and value <= bound:
                    continue
                mixed = float(self.shuffled.values[name][layer, head]) if self.shuffled and name in self.shuffled.values else float("nan")
                found.append(Held(int(layer), int(head), role.name, name, value, role.threshold, bound, mixed))
        return sorted(found, key=lambda held: (held.layer, held.head, held.role))


def known(
    model: Model,
    texts: Sequence[AnyText],
    part: str | None = None,
    progress: Callable[[float], None] | None = None,
    resumable: Pieces | None = None,
) -> Known:
    """Scores a model on texts and on repeated tokens, and what it is compared with.

    Args:
        model: from `models.load`.
        texts: strings, ids or captures, see `measure.on_texts`. What it is compared with reads the same tokens.
        part: "encoder", "decoder" or "cross"; the first that the model has where None.
        progress: told the share that is done.
        resumable: where batches that are done are kept.

    Raises:
        InputError: as `measure.on_texts`.
    """
    tell = progress or (lambda share: None)
    scores = on_texts(model, texts, part, lambda share: tell(0.3 * share), resumable)
    of_model = baselines.of_model(model, lambda share: tell(0.3 + 0.2 * share), resumable)
    return compared(model, scores, texts, part, of_model, lambda share: tell(0.5 + 0.5 * share), resumable)


def compared(
    model: Model,
    scores: HeadScores,
    texts: Sequence[AnyText],
    part: str | None,
    of_model: Baselines,
    progress: Callable[[float], None] | None = None,
    resumable: Pieces | None = None,
) -> Known:
    """What `known` gives, where the scores and what belongs to the model are there already.

    Args:
        model: from `models.load`.
        scores: of that model on these texts, those on repeated tokens not among them.
        texts: strings, ids or captures, see `measure.on_texts`.
        part: "encoder", "decoder" or "cross"; the first that the model has where None.
        of_model: `baselines.of_model` of it.
        progress: told the share that is done.
        resumable: where batches that are done are kept.
    """
    tell = progress or (lambda share: None)
    mixed = None
    if model.kind != "encoder-decoder":
        mixed = on_texts(model, null.shuffled_tokens(model, texts), part, lambda share: tell(0.5 * share), resumable, SHUFFLED)
    random = None
    if (drawn := of_model.network(model)) is not None:
        try:
            found = on_texts(drawn, texts, part, lambda share: tell(0.5 + 0.5 * share), resumable, RANDOM)
            random = found.with_(dict(of_model.random_repeated))
        except (ValueError, ExplorerError):
            random = None
    tell(1.0)
    return Known(scores.with_(dict(of_model.repeated)), random, mixed)


def _largest(scores: HeadScores | None, names: Sequence[str]) -> float:
    if scores is None:
        return float("nan")
    there = [scores.values[name] for name in names if name in scores.values and not np.isnan(scores.values[name]).all()]
    return max((float(np.nanmax(values)) for values in there), default=float("nan"))
