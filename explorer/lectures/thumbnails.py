"""A small picture for each demo, for the contents: what its *show* step shows at first. `python -m explorer lectures pictures` makes them.

They carry no words and no numbers: a class that sees the contents has not been asked yet, and must not read the answer there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.lectures.demo import Demo, Models
from explorer.lectures.words import read
from models.atomic import whole

FOLDER = Path(__file__).parent / "pictures"
_SCALE = 1.5
_DATA = ("datasets", "data", "params", "config", "transform")
"""Parts of a specification that hold no words of the picture."""
_NAMED_BY = {
    **dict.fromkeys(("x", "y"), "axis"),
    **dict.fromkeys(("color", "fill", "stroke", "shape", "strokeDash", "size", "opacity"), "legend"),
    **dict.fromkeys(("row", "column", "facet"), "header"),
}
"""What tells the values of a channel in words."""


def picture_of(demo: Demo) -> Path | None:
    """The file; None where there is none yet."""
    file = FOLDER / f"{demo.module}.png"
    return file if file.is_file() else None


@dataclass(frozen=True)
class Wordless:
    """A picture without what could be read in it: titles, axes, legends, and text at other marks (where nothing else is drawn, it stays)."""

    picture: Picture

    def to_json(self, indent: int | None = None) -> str:
        return json.dumps(_without_words(json.loads(self.picture.to_json())), indent=indent)


def _without_words(node: object) -> object:
    if isinstance(node, list):
        return [_without_words(part) for part in node]
    if not isinstance(node, Mapping):
        return node
    made = {key: value if key in _DATA else _without_words(value) for key, value in node.items() if key != "title"}
    if "layer" in made:
        made["layer"] = [part for part in made["layer"] if not _is_text(part)] or made["layer"]
    for channel, encoding in made.get("encoding", {}).items():
        if isinstance(encoding, dict) and ("field" in encoding or "datum" in encoding):
            named = _NAMED_BY.get(channel)
            if named:
                encoding[named] = None
    return made


def _is_text(part: Mapping[str, object]) -> bool:
    mark = part.get("mark")
    return (mark if isinstance(mark, str) else (mark or {}).get("type")) == "text"


def write(demo: Demo, models: Models) -> Path:
    """Draws one picture of a demo at its defaults, without words, and writes it whole or not at all."""
    words = read(demo.module, "en")
    result = demo.compute(models, **demo.defaults(words))
    first = demo.pictures(result, words, False)[demo.small]
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{demo.module}.png"
    with whole(file) as beside:
        beside.write_bytes(export.picture(lambda: Wordless(first), "png", _SCALE))
    return file
