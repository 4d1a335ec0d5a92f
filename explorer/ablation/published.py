"""Published figures to stand beside what a page computes, each with its source."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.i18n import N_


@dataclass(frozen=True)
class Landmark:
    """A figure of a paper: the share of heads it speaks of, what it found there, and where it is printed."""

    share: float
    caption: str
    source: str


PRUNING = (
    Landmark(0.20, N_("Michel et al. 2019: WMT model, no noticeable loss"), N_("Michel et al. 2019, section 4")),
    Landmark(0.40, N_("Michel et al. 2019: BERT on MNLI, no noticeable loss"), N_("Michel et al. 2019, section 4")),
    Landmark(0.60, N_("Michel et al. 2019: a sharp fall from about here"), N_("Michel et al. 2019, section 4")),
    Landmark(38 / 48, N_("Voita et al. 2019: 38 of 48 encoder heads for 0.15 BLEU"), N_("Voita et al. 2019, section 6")),
)
"""How far models were cut, as Michel et al. 2019 and Voita et al. 2019 (who trained on with fewer heads) report it."""

SLICING = {1: 0.019, 4: 0.027, 16: 0.175, 64: 0.175}
"""More examples per second with half of the heads cut out, by batch size, on a GTX 1080 Ti (Michel et al. 2019, section 4)."""
