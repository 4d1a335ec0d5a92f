"""A small picture for each demo, for the contents: what its first step shows at first. `python -m explorer lectures pictures` makes them."""

from __future__ import annotations

from pathlib import Path

from explorer import export
from explorer.lectures.demo import Demo, Models
from explorer.lectures.words import read
from models.atomic import whole

FOLDER = Path(__file__).parent / "pictures"
_SCALE = 0.75


def picture_of(demo: Demo) -> Path | None:
    """The file; None where there is none yet."""
    file = FOLDER / f"{demo.module}.png"
    return file if file.is_file() else None


def write(demo: Demo, models: Models) -> Path:
    """Draws the first picture of a demo at its defaults, without words beside it, and writes it whole or not at all."""
    words = read(demo.module, "en")
    result = demo.compute(models, **demo.defaults(words))
    first = demo.pictures(result, words, False)[0]
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{demo.module}.png"
    with whole(file) as beside:
        beside.write_bytes(export.picture(lambda: first, "png", _SCALE))
    return file
