"""Which head is looked at: one for all pages, in the address, chosen by a click, by the arrow keys or by a link."""

from __future__ import annotations

from explorer.capture import Capture
from explorer.ui.common import address

MEAN, MAXIMUM = "mean", "max"
"""The two summaries over the heads of a layer."""
HeadChoice = tuple[int, str]
"""Layer, and head as text: "0", "1", .., MEAN or MAXIMUM."""


def heads_across(captured: Capture, part: str) -> list[str]:
    """What can be chosen in a layer: its heads, and the summaries."""
    return [*map(str, range(max(site.heads for site in captured.sites(part)))), MEAN, MAXIMUM]


def current(captured: Capture, part: str) -> HeadChoice:
    """Layer and head that are looked at, as far as this model has them; (0, "0") at first."""
    layers, heads = captured.sites(part), heads_across(captured, part)
    return min(address.number("layer", 0, 10_000), len(layers) - 1), address.word("head", "0", heads)


def numbered(captured: Capture, part: str) -> tuple[int, int]:
    """The same where only a single head can be looked at: the first one in the place of a summary."""
    layer, head = current(captured, part)
    return layer, int(head) if head.isdigit() else 0


def choose(layer: int, head: int | str) -> None:
    """Looks at another head: one step of the browser's history. For callbacks."""
    address.write(layer=int(layer), head=str(head))


def complete(chosen: tuple[int, int | str]) -> None:
    """From now on the address names this head, though nobody chose it: a link shows it, and so does the way back from another one."""
    address.keep(layer=chosen[0], head=str(chosen[1]))
