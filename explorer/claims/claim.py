"""What a claim is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from explorer.i18n import N_
from explorer.lectures.demo import Measure, Models


class Verdict(StrEnum):
    """What becomes of a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    ONLY_IF = "only if"

    @property
    def title(self) -> str:
        """Its words, in English; to be translated where they are shown."""
        return _TITLES[self]

    @property
    def sign(self) -> str:
        """Its symbol: a verdict is never told by its colour alone."""
        return {Verdict.HOLDS: "✓", Verdict.FAILS: "✗", Verdict.ONLY_IF: "◐"}[self]

    @staticmethod
    def by(holds: bool) -> Verdict:
        """Holds or fails, as a condition on what was measured says."""
        return Verdict.HOLDS if holds else Verdict.FAILS


_TITLES = {Verdict.HOLDS: N_("holds"), Verdict.FAILS: N_("does not hold"), Verdict.ONLY_IF: N_("holds only if …")}


@dataclass(frozen=True, eq=False)
class Finding:
    """What the computation of a claim found.

    Attributes:
        verdict: that follows from the measures; never written down beside them. A claim of history has none to follow from: it cites its
            paper.
        measures: numbers, in the order in which they are read, with what the syllabus says that they are.
        said: more words that the explanation fills in, by name.
    """

    verdict: Verdict
    measures: tuple[Measure, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """The value of a measure."""
        return next(measure.value for measure in self.measures if measure.name == name)


@dataclass(frozen=True)
class Claim:
    """A sentence often heard, and how it is put to the test.

    Attributes:
        id: of the syllabus, such as "C14".
        compute: `compute(models)`; deterministic, but for measured times, and at most a second or two with models open.
        demo: the question of the course that shows the matter.
    """

    id: str
    compute: Callable[[Models], Finding]
    demo: str


def in_cases(holds: Iterable[bool]) -> Verdict:
    """The verdict on a claim that was tried in several cases: it holds in all of them, in none, or only in some."""
    cases = list(holds)
    return Verdict.ONLY_IF if any(cases) and not all(cases) else Verdict.by(all(cases))
