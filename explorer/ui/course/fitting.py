"""Pictures of a notice that end with the window of a stage: they are drawn as high as what is written above them leaves room for.

Letters of a hall have one size. So a picture that is to be lower is drawn lower, with the same letters, and not made smaller by the browser
(`browser.js` does that as far as letters allow). How high the words are is reckoned from how long they are: a little too much is no harm,
as the browser draws a low picture as large as its column is wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import frame
from explorer.lectures.demo import Measure

_WINDOW, _TOP, _END = 1080, 112, 28
"""Pixels: of the window of a stage, above the words, and left free below the pictures (`BELOW` of browser.js)."""
_COLUMN = 915
"""Width of one of the two columns of words, in pixels."""
_LETTER, _SMALL, _ROW, _LINE = 28, 24.5, 34, 35
"""Letters of options and sentences, and of the table; height of a row of the table, and of a line of the rest, in pixels."""
_UNIT = 24 / frame.LETTERS
"""Pixels of the screen that a pixel of a drawing is, where its letters are as small as a hall can read."""
LEAST = 84
"""A drawing is made no lower than that: a hall has to see what rises and what falls."""


def left(options: Iterable[str], notice: str, rows: Sequence[tuple[str, str, str]]) -> float:
    """How high a drawing may be below these words, titles and axes included, in its own pixels.

    Args:
        options: what the class chose from.
        notice: the sentences.
        rows: name, number, and what stands beside it, of each row of the table.
    """
    guesses = sum(7 + _LINE * _lines(option, _LETTER, _COLUMN - 128) for option in options) + _LINE + 8
    said = _LINE * _lines(notice, _LETTER, _COLUMN) + 8
    table = sum(5 + (_ROW - 5) * _lines(name, _SMALL, _COLUMN - 100 - _beside(number, note)) for name, number, note in rows)
    # The browser makes both columns as even as it can; only the table may go on in the second.
    high = max((guesses + said + table + _ROW) / 2, guesses, min(guesses + said, said + table))
    return (_WINDOW - _TOP - high - 15 - _END) / _UNIT


def rows(measures: Iterable[Measure], titles: Mapping[str, str], published: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The rows of the table as `left` takes them."""
    return [(titles.get(one.name, one.name), one.shown, one.against) for one in measures] + list(published)


def lowered(picture: Picture, room: float) -> Picture:
    """The picture, drawn so low that it fits into the room, as far as its rows can still be read; the same where it fits, or has no height."""
    description = picture.description
    height = description.get("height")
    if not isinstance(height, int):
        return picture
    fixed = any("value" in part.get(side, {}) for part in _layers(description) for side in _SIDES)
    low = max(round(room - _around(picture)), LEAST, _rows(description), round(_CLOSEST * height) if fixed else 0)
    if low >= height:
        return picture
    made = {**description, "height": low}
    if fixed:
        made["layer"] = [{**part, "encoding": _nearer(part.get("encoding", {}), low / height)} for part in description["layer"]]
    return replace(picture, description=made)


def _nearer(encoding: Mapping, share: float) -> dict:
    """What stands at given pixels, moved as the height is."""
    moved = {side: {**encoding[side], "value": share * encoding[side]["value"]} for side in _SIDES if "value" in encoding.get(side, {})}
    return {**encoding, **moved}


_ROW_HIGH, _BAR_HIGH = frame.LETTERS + 3, frame.LETTERS - 1
_SIDES = ("y", "y2")
_CLOSEST = 0.72
"""Share of their distance to which lines of words at given pixels are brought together."""


def _layers(description: Mapping) -> list[Mapping]:
    return [part.get("encoding", {}) for part in description.get("layer", [description])]


def _rows(description: Mapping) -> int:
    """How high what is named on the left has to be: a row for each name, or a line for each bar where several stand together."""
    found = [LEAST]
    for part in _layers(description):
        side = part.get("y", {})
        if side.get("type") == "ordinal":
            bars = len(part["yOffset"].get("sort", ())) if "yOffset" in part else 1
            found.append(len(side.get("scale", {}).get("domain", ())) * max(_ROW_HIGH, _BAR_HIGH * bars))
    return max(found)


def _around(picture: Picture) -> float:
    """About how much room title, legend and the axis of x take, in pixels of the drawing."""
    description = picture.description
    high = 44.0 + (18 if any(isinstance(name, list) for name in picture.values.get("names", ())) else 0)
    legends = [part["color"] for part in _layers(description) if (part.get("color") or {}).get("legend") is not None]
    if legends:
        series, columns = len((legends[0].get("scale") or {}).get("domain", ())), legends[0]["legend"].get("columns")
        high += 22 * math.ceil(series / columns if columns else 1) + 6
    axes = [part["x"] for part in _layers(description) if part.get("x")]
    if axes:
        axis = axes[0].get("axis") or {}
        high += (44 if axis.get("labelAngle") else 24) + (20 if any(one.get("title") for one in axes) else 0)
    return high


def _lines(text: str, letter: float, width: float) -> int:
    """About how many lines a text takes: Chinese letters are as wide as they are high, others less than half."""
    wide = frame.wide_letters(text)
    return max(1, math.ceil(letter * (wide + 0.43 * (len(text) - wide)) / max(width, letter)))


def _beside(number: str, note: str) -> float:
    wide = frame.wide_letters(note)
    return _SMALL * (0.55 * len(number) + max(6.9, wide + 0.45 * (len(note) - wide)))
