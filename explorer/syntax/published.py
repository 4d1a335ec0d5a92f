"""The best heads of BERT-base-uncased for dependency relations of the Penn Treebank (Clark et al. 2019, table 1); layer and head from 0.

Their relations are Stanford Dependencies, whose names partly differ from those of Universal Dependencies.
"""

from __future__ import annotations

from dataclasses import dataclass

MODEL = "google-bert/bert-base-uncased"
SOURCE = "Clark et al. 2019, table 1; the paper counts from 1"


@dataclass(frozen=True)
class Published:
    """One line of their table: relation as they name it, as UD does, head, accuracy and best fixed offset's accuracy in per cent."""

    relation: str
    ud: str
    layer: int
    head: int
    accuracy: float
    baseline: float


HEADS: tuple[Published, ...] = (
    Published("det", "det", 7, 10, 94.3, 51.7),
    Published("dobj", "obj", 7, 9, 86.8, 40.0),
    Published("pobj", "case", 8, 5, 76.3, 34.6),
    Published("prep", "nmod", 6, 3, 66.7, 61.8),
    Published("nsubj", "nsubj", 7, 1, 58.5, 45.5),
    Published("amod", "amod", 3, 9, 75.6, 68.3),
    Published("nn", "compound", 3, 9, 70.4, 70.2),
    Published("aux", "aux", 3, 9, 81.1, 71.5),
    Published("poss", "nmod:poss", 6, 5, 80.5, 47.7),
    Published("advmod", "advmod", 6, 5, 48.8, 40.2),
    Published("conj", "conj", 6, 0, 53.3, 26.8),
    Published("ccomp", "ccomp", 7, 0, 48.8, 12.4),
    Published("mark", "mark", 7, 1, 50.7, 14.5),
    Published("prt", "compound:prt", 5, 6, 99.1, 91.4),
)
