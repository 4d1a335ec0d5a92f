"""Which claim the address names, whether it was put to the test, and what comes before and after."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.claims import Claim
from explorer.claims.registry import TOPICS, of_topic
from explorer.ui.common import address


@dataclass(frozen=True)
class Place:
    """A claim, before or after it was put to the test."""

    claim: Claim
    shown: bool = False

    @property
    def link(self) -> str:
        """The part of an address that names it."""
        return f"claim={self.claim.id}&shown={int(self.shown)}"

    def beside(self, by: int) -> Place | None:
        """The place so many steps further, in the order of the contents; None beyond its ends."""
        everywhere = [Place(claim, shown) for claim in in_order() for shown in (False, True)]
        at = everywhere.index(self) + by
        return everywhere[at] if 0 <= at < len(everywhere) else None


def in_order() -> list[Claim]:
    """All claims, topic by topic."""
    return [claim for topic in TOPICS for claim in of_topic(topic)]


def now() -> Place | None:
    """The place that the address names; None for the contents."""
    claim, shown = named(address.read("claim") or ""), address.read("shown") == "1"
    return None if claim is None else Place(claim, shown)


def named(id_: str) -> Claim | None:
    """The claim that an address names; None for none."""
    return next((claim for claim in in_order() if claim.id.lower() == id_.lower()), None)


def go(place: Place | None) -> None:
    """Opens a place as one step of the browser's history; None opens the contents."""
    address.write(claim=None if place is None else place.claim.id, shown="1" if place is not None and place.shown else None, votes=None)
