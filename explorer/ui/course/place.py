"""Which demo and step the address names, and what comes before and after."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.lectures import Demo, demos
from explorer.lectures.demo import STEPS
from explorer.ui.common import address


@dataclass(frozen=True)
class Place:
    """A step of a demo."""

    demo: Demo
    step: str

    @property
    def link(self) -> str:
        """The part of an address that names it."""
        return f"demo={self.demo.id}&step={self.step}"

    def beside(self, by: int) -> Place | None:
        """The place so many steps further in the course; None beyond its ends."""
        everywhere = [Place(demo, step) for demo in demos() for step in STEPS]
        at = everywhere.index(self) + by
        return everywhere[at] if 0 <= at < len(everywhere) else None


def now() -> Place | None:
    """The place that the address names; None for the contents."""
    demo = named(address.read("demo") or "")
    step = address.word("step", STEPS[0], STEPS)
    return None if demo is None else Place(demo, step)


def named(id_: str) -> Demo | None:
    """The demo that an address names; None for none."""
    return next((one for one in demos() if one.id.lower() == id_.lower()), None)


def numbered(number: int, after: Demo | None = None) -> Demo | None:
    """The demo of a question, by its number: 3 is Q3 first. Where that demo, or another of the number, is open: the next, QF3, and Q3 again."""
    found = [one for one in demos() if one.id.strip("QFabcdef") == str(number)]
    at = found.index(after) + 1 if after in found else 0
    return found[at % len(found)] if found else None


def go(place: Place | None, **controls: str) -> None:
    """Opens a place as one step of the browser's history; another demo begins with its controls as they are at first. None opens the contents.

    Args:
        place: what is opened.
        controls: names in the address, and what they are put to.
    """
    if place is None:
        address.write(demo=None, step=None, exercises=None, closing=None)
        return
    before = now()
    gone = {} if before is None or before.demo.id == place.demo.id else dict.fromkeys(names(before.demo) | names(place.demo))
    address.write(demo=place.demo.id, step=place.step, exercises=None, closing=None, **gone | controls)


def name(demo: Demo, control: str) -> str:
    """The name of a control in the address: two demos may have controls of one name."""
    return f"{demo.id.lower()}_{control}"


def names(demo: Demo) -> set[str]:
    return {name(demo, control.name) for control in demo.controls}
