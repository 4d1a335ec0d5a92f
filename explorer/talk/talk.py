"""What a lecture is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from explorer.lectures.demo import STEPS
from explorer.lectures.registry import of_chapter as demos_of_chapter

MINUTES = {"ask": 2.0, "show": 4.0, "notice": 2.0, "follow": 0.5}
"""How long a step of a demo takes in a hall, as long as the lecturer says nothing else."""
DEFAULT_MINUTES = 3.0
"""The same for a page, and for words of her own."""
KINDS = ("demo", "page", "text")


@dataclass(frozen=True)
class Step:
    """One thing that the hall sees.

    Attributes:
        kind: "demo" for a step of the course, "page" for a page of the explorer, "text" for words of the lecturer's own.
        name: of a demo its id, such as "Q3"; of a page its file in `pages/`, without ending; empty for words.
        step: of a demo: "ask", "show", "notice" or "follow".
        settings: of a demo its controls, by name, where they do not stand as at first; of a page all that stands in its address.
        title: of a page or of words, as the lecturer calls it.
        text: the words, as Markdown.
        notes: for the speaker.
        minutes: that it takes.
        pictures: of a page, what was drawn when it was taken: specifications of Vega-Lite with their tables.
        taken: of a page, when: day and time, ISO.
        dark: whether these pictures are drawn for a dark page.
    """

    kind: str
    name: str = ""
    step: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    text: str = ""
    notes: str = ""
    minutes: float = DEFAULT_MINUTES
    pictures: tuple[Mapping[str, object], ...] = ()
    taken: str = ""
    dark: bool = False


@dataclass(frozen=True)
class Talk:
    """A lecture: its title and its steps, in order."""

    title: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def minutes(self) -> float:
        """How long all of it takes."""
        return sum(step.minutes for step in self.steps)

    def with_steps(self, *more: Step) -> Talk:
        """The lecture with steps at its end."""
        return replace(self, steps=(*self.steps, *more))

    def with_step(self, at: int, **changed: object) -> Talk:
        """The lecture in which one step has other notes, minutes, title or text."""
        steps = list(self.steps)
        steps[at] = replace(steps[at], **changed)
        return replace(self, steps=tuple(steps))

    def without(self, at: int) -> Talk:
        """The lecture without one step."""
        return replace(self, steps=self.steps[:at] + self.steps[at + 1 :])

    def in_order(self, order: list[int]) -> Talk:
        """The lecture with its steps in another order: `order` has the number of each step once."""
        return replace(self, steps=tuple(self.steps[i] for i in order))


def of_chapter(number: int, title: str) -> Talk:
    """A chapter of the course as it stands: every step of every demo, controls as at first."""
    steps = [Step("demo", demo.id, step, minutes=MINUTES[step]) for demo in demos_of_chapter(number) for step in STEPS]
    return Talk(title, tuple(steps))
