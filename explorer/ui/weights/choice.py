"""Which head is looked at, and which line of the graph: one address for both. The line ends at the head, so only its other end is added."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import streamlit as st

from explorer.i18n import N_, _
from explorer.positions import tables
from explorer.ui.common import address
from explorer.ui.common.parts import PARTS
from explorer.weights.composition import KINDS, Composition
from explorer.weights.opened import Weights
from explorer.weights.survey import Survey
from explorer.weights.turned import farthest
from models import Model

Head = tuple[int, int]
Line = tuple[str, Head, Head, str]
"""Kind, writer, reader, and the part of the writer."""
_NAME = "edge"


TOKENS = {"embedded": N_("as embedded"), "arriving": N_("as they arrive")}


def arriving(model: Model) -> bool:
    """Whether tokens are read as they arrive at a head's layer; of two stacks, where a source has its part in that, nobody is asked."""
    if model.kind == "encoder-decoder":
        return False
    about = _("As they arrive: what the layers below have made of a text of this token alone. Above layer 0 that is what heads are given.")
    return address.choice(st.segmented_control, _("How tokens are read"), TOKENS, "tokens", help=about) == "arriving"


def distance(weights: Weights, part: str) -> int:
    """How many tokens a key stands before its query; 0, and nobody is asked, where positions do not turn them."""
    if weights.positions != tables.ROPE or part == "cross":
        return 0
    most = farthest(weights.model)

    def known(word: str) -> int | None:
        return int(word) if word.isascii() and word.isdigit() and len(word) < 4 and int(word) <= most else None

    label, about = _("Distance"), _("RoPE turns a pair by the tokens between its query and its key.")
    return address.entry(st.slider, label, "distance", 0, known, min_value=0, max_value=most, width=220, help=about)


def writers(survey: Survey) -> Composition:
    """Draws the choice of the part whose heads write, where there are several; what is composed with it."""
    found = {one.writers: one for one in (survey.composition, *survey.between)}
    if len(found) == 1:
        return survey.composition
    options = {part: PARTS[part] for part in found}
    return found[address.choice(st.segmented_control, _("Written by heads of"), options, "writers", survey.part)]


def edge(survey: Survey, reader: Head) -> Line | None:
    """The line that was clicked; None where none was, or where it is none of this model."""
    match = re.fullmatch(r"([qkv])\.(\d{1,4})\.(\d{1,4})(?:\.([a-z]+))?", address.read(_NAME) or "")
    if match is None:
        return None
    part, end = match[4] or survey.part, (int(match[2]), int(match[3]), *reader)
    values = next((one.values.get(match[1]) for one in (survey.composition, *survey.between) if one.writers == part), None)
    if values is None or any(number >= n for number, n in zip(end, values.shape, strict=True)) or np.isnan(values[end]):
        return None
    return match[1], end[:2], reader, part


def choose(head: Head, line: Line | None = None, part: str | None = None) -> None:
    """Looks at a head, and with a line also at the head at its other end: one step of the browser's history. For callbacks.

    Args:
        head: the one that reads, where there is a line.
        line: of the graph.
        part: of this head, where another one is to be looked at; in a line, the one that reads.
    """
    word = None if line is None else f"{line[0]}.{line[1][0]}.{line[1][1]}{f'.{line[3]}' if line[3] != part else ''}"
    other = {"part": part, "writers": None} if line is None and part is not None else {}
    address.write(layer=head[0], head=str(head[1]), **{_NAME: word}, **other)


def picked(selection: Mapping[str, list], before: tuple[Head, object], found: Composition) -> tuple[Head, Line | None] | None:
    """Chooses what was clicked in the graph, and returns it; None where nothing was.

    Args:
        selection: of the picture.
        before: head and line that were chosen: the browser tells of both selections, of which one is new.
        found: what the graph draws.
    """
    lines, heads = selection.get("edge") or [], selection.get("at") or []
    if lines and lines[0].get("kind") in KINDS:
        one = lines[0]
        line = one["kind"], (int(one["from_layer"]), int(one["from_head"])), (int(one["layer"]), int(one["head"])), found.writers
        if line != before[1]:
            choose(line[2], line, found.part)
            return line[2], line
    if heads and heads[0].get("layer", -1) >= 0:
        head = int(heads[0]["layer"]), int(heads[0]["head"])
        if heads[0].get("writes"):
            choose(head, part=found.writers)
            return head, None
        if head != before[0] or before[1] is not None:
            choose(head)
            return head, None
    return None


def picked_on_board(selection: Mapping[str, list]) -> Head | None:
    """The same for `charts.common.board`."""
    cells = selection.get("cell")
    if not cells or cells[0].get("row", -1) < 0:
        return None
    head = int(cells[0]["row"]), int(cells[0]["head"])
    choose(head)
    return head


def roles(kind: str) -> tuple[str, str]:
    """What the two heads of a line do, for a viewer: the one that writes, and the one that reads."""
    return _("writes"), {"q": _("reads with its queries"), "k": _("reads with its keys"), "v": _("reads with its values")}[kind]
