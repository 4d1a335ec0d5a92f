"""The atlases that come with the project, of each bundled model over the project's own texts: `python -m explorer.atlas.shipped` makes them."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

from explorer.atlas import corpus, making
from explorer.atlas.atlas import MANIFEST, Atlas
from models import CATALOGUE, load
from models.opening import catalogue

DATA = Path(__file__).parent / "data"
CHINESE = ("zh-mini",)
"""Models that read Chinese texts; all others read English ones."""
_OPEN = 8


def names() -> list[str]:
    """Bundled models that an atlas lies here of, in the order of the catalogue."""
    return [entry.name for entry in CATALOGUE if entry.bundled and (DATA / entry.name / MANIFEST).is_file()]


@lru_cache(maxsize=_OPEN)
def opened(name: str) -> Atlas:
    """The atlas of a bundled model. Raises InputError where there is none."""
    return Atlas.open(DATA / catalogue.resolve(name))


def make(name: str, folder: Path = DATA) -> Atlas:
    """Makes the atlas of a bundled model again."""
    return making.write(load(name, "cpu", "float32"), corpus.own("zh" if name in CHINESE else "en"), folder / name)


def main() -> int:
    for entry in CATALOGUE:
        if entry.bundled:
            made = make(entry.name)
            size = sum(file.stat().st_size for file in (DATA / entry.name).rglob("*") if file.is_file())
            print(f"{entry.name}: {len(made.heads)} heads, {size / 1e6:.2f} MB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
