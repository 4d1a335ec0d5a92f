"""What a picture gets from the page that it stands on: letters that can be read, and, for a weak projector, nothing that is pale.

Charts are drawn for a light and for a dark page. High contrast is the light one with other colours: what `palette.strong` says in place of
each of them, and no line, point, bar or letter that lets the page shine through. It is done here for all charts alike, to the description
and to colours in tables, so that a new chart has it without knowing of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from explorer.charts.common import palette, thumbnails

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
_PARTS = ("axis", "legend", "header", "title")
_SOLID = {"text", "line", "rule", "point", "circle", "square", "tick", "bar", "rect", "trail"}
"""Marks that stand for something by themselves. Areas, spreads behind a line, stay as they are, and veils, which say `fillOpacity`."""
_INKS = ("#000000", "#ffffff")
"""What is written in a cell has one of these, whichever is read on its colour."""
_CLEAR = ("opacity", "strokeOpacity")
_UNSEEN = 0.01
"""A mark of so much opacity or less is wholly clear: it is there to be clicked, or to carry a label."""


def on_page(spec: Mapping[str, object], dark: bool = False, contrast: bool = False) -> dict[str, object]:
    """The specification for a page of this theme; the one that is given stays as it is, and the tables are shared.

    Streamlit writes axes in a grey of 3.7 to 1; what a description says of itself is kept.
    """
    ink = palette.page(dark)[1] if contrast else palette.faint(dark)
    given = spec.get("config", {})
    config = {**given}
    for part in _PARTS:
        colours = {"color": palette.page(dark)[1], "subtitleColor": ink} if part == "title" else {"labelColor": ink, "titleColor": ink}
        if contrast and part == "axis":
            colours |= {"domainColor": ink, "tickColor": ink}
        config[part] = {**colours, **given.get(part, {})}
    # Streamlit keeps first and last labels inside of an axis. Where a label belongs to a row or a column, it stands beside it.
    config["axisBand"] = {"labelFlush": False, **given.get("axisBand", {})}
    tables = spec.get("datasets", {})
    made = {**{key: value for key, value in spec.items() if key != "datasets"}, "config": config}
    return {
        **(_strong(made) if contrast else made),
        "datasets": {name: _strong_table(one) for name, one in tables.items()} if contrast else tables,
    }


def _strong_table(table: object) -> object:
    """A table with the colours of its cells, what is written in them, and its small pictures."""
    columns = getattr(table, "columns", ())
    made = {}
    if "png" in columns:
        made["png"] = [thumbnails.strong(png) for png in table["png"]]
    if "colour" in columns and all(isinstance(colour, str) for colour in table["colour"]):
        made["colour"] = [palette.strong(colour) for colour in table["colour"]]
        if "ink" in columns:
            made["ink"] = [
                palette.ink_on(colour) if ink in _INKS else palette.strong(ink) for colour, ink in zip(made["colour"], table["ink"], strict=True)
            ]
    return table.assign(**made) if made else table


def _strong(node: object) -> object:
    if isinstance(node, str):
        return _COLOUR.sub(lambda found: palette.strong(found[0]), node)
    if isinstance(node, list | tuple):
        return [_strong(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    made = {key: _strong(value) for key, value in node.items()}
    if "mark" in made:
        made["mark"] = _solid(made["mark"])
    if isinstance(made.get("encoding"), Mapping):
        made["encoding"] = {name: _opaque(how) if name in _CLEAR else how for name, how in made["encoding"].items()}
    return made


def _solid(mark: object) -> object:
    if not isinstance(mark, Mapping):
        return mark
    clear = _CLEAR if mark.get("type") in _SOLID else _CLEAR[1:]
    return {name: 1 if name in clear and isinstance(value, int | float) and value > _UNSEEN else value for name, value in mark.items()}


def _opaque(how: object) -> object:
    """An encoding by conditions, in which whatever can be seen is seen fully."""
    if isinstance(how, list):
        return [_opaque(one) for one in how]
    if not isinstance(how, Mapping):
        return how
    made = {name: _opaque(value) for name, value in how.items()}
    value = made.get("value")
    return {**made, "value": 1} if isinstance(value, int | float) and 0 < value < 1 else made
