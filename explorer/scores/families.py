"""Heads that attend alike: the distance of each head from each other one, and a map of them (Clark et al. 2019, section 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import entr
from sklearn.manifold import MDS

from explorer.capture import Capture, capture
from explorer.i18n import _
from explorer.reading import AnyText
from models import InputError, Model

TOKENS = 128
"""Longer texts are cut here: all pairs of heads are compared in every row."""


@dataclass(frozen=True, eq=False)
class Families:
    """How far apart the heads of one part are.

    Attributes:
        heads: (layer, head) of each, in order.
        divergence: Jensen-Shannon divergence, mean over all rows of all texts that see more than one key, in nats, (heads, heads).
        rows: how many rows that were.
    """

    heads: tuple[tuple[int, int], ...]
    divergence: np.ndarray
    rows: int

    @property
    def distance(self) -> np.ndarray:
        """Root of the divergence, 0 to sqrt(log 2)."""
        return np.sqrt(self.divergence)

    def layout(self) -> tuple[np.ndarray, float]:
        """Points in the plane, one a head, whose distances are as close to `distance` as two dimensions allow.

        By metric multidimensional scaling, which moves the points until the squared errors of all distances sum to as little as it can
        reach. It starts from the classical solution, which is a matter of eigenvectors, so that the same distances give the same picture.

        Returns:
            The points, (heads, 2), in the order of `heads` and in the unit of `distance`; and Kruskal's stress-1 (Kruskal 1964), the
            root of the squared errors over the squared distances: 0 is perfect, .1 fair, .2 poor.
        """
        scaling = MDS(2, metric="precomputed", init="classical_mds", n_init=1, normalized_stress=True, random_state=0)
        places = scaling.fit_transform(self.distance)
        return places, float(scaling.stress_)

    def nearest(self, head: tuple[int, int], k: int = 5) -> list[tuple[tuple[int, int], float]]:
        """The heads that are closest to one, with their distances."""
        row = self.distance[self.heads.index(head)]
        order = [i for i in np.argsort(row, kind="stable") if self.heads[i] != head]
        return [(self.heads[i], float(row[i])) for i in order[:k]]


def of_texts(model: Model, texts: Sequence[AnyText], part: str | None = None, progress: Callable[[float], None] | None = None) -> Families:
    """Compares all heads of a part on several texts.

    Args:
        model: from `models.load`.
        texts: strings, ids, or captures, whose tokens this model reads again; each cut at `TOKENS` tokens.
        part: "encoder", "decoder" or "cross"; the first that the model has where None.
        progress: told the share that is done.

    Raises:
        InputError: no texts, or none with a row that sees more than one key.
    """
    if not texts:
        raise InputError(_("There are no texts."), _("Give at least one."))
    total, count, heads = 0.0, 0, ()
    for i, text in enumerate(texts):
        captured = capture(model, text, max_tokens=TOKENS)
        heads, divergence, rows = _of_capture(captured, part)
        total, count = total + divergence, count + rows
        if progress:
            progress((i + 1) / len(texts))
    if not count:
        raise InputError(_("No token of these texts sees more than one other."), _("Give longer texts."))
    return Families(heads, total / count, count)


def of_capture(captured: Capture, part: str | None = None) -> Families:
    """The same on one text that was captured. Raises InputError where no row sees more than one key."""
    heads, divergence, rows = _of_capture(captured, part)
    if not rows:
        raise InputError(_("No token of this text sees more than one other."), _("Give a longer text."))
    return Families(heads, divergence / rows, rows)


def _of_capture(captured: Capture, part: str | None) -> tuple[tuple[tuple[int, int], ...], np.ndarray, int]:
    """Heads, the sum over rows, and how many rows."""
    sites = captured.sites(part)
    heads = tuple((site.layer, head) for site in sites for head in range(site.heads))
    seen = captured.visible(0, part).sum(-1) > 1
    patterns = np.concatenate([captured.patterns(site.layer, part)[:, seen] for site in sites if site.heads])
    own = entr(patterns).sum(-1)  # (heads, rows)
    found = np.zeros((len(heads), len(heads)))
    for i in range(len(heads) - 1):
        mixed = entr((patterns[i] + patterns[i + 1 :]) / 2).sum(-1)
        found[i, i + 1 :] = np.maximum(mixed - (own[i] + own[i + 1 :]) / 2, 0).sum(-1)
    return heads, found + found.T, int(seen.sum())
