"""Puts the messages of the code into the catalogues: `python -m scripts.words`, or `make words`.

What is translated stays; a message that is new comes without a translation, and one that is gone is dropped. A test fails as long as there is
one without.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from explorer import i18n
from models.atomic import whole

ROOT = Path(__file__).resolve().parents[1]
_WHERE = ("explorer", "models", "pages")
_MARKS = ("_", "N_", "told")
"""Functions whose first argument is a message."""


def messages() -> dict[str, str]:
    """All messages of the code, and the file where each stands first."""
    found: dict[str, str] = {}
    for file in [ROOT / "app.py", *(file for folder in _WHERE for file in sorted((ROOT / folder).rglob("*.py")))]:
        for message in _messages_in(file.read_text(encoding="utf-8")):
            found.setdefault(message, file.relative_to(ROOT).as_posix())
    return {message: found[message] for message in sorted(found)}


def _messages_in(source: str) -> Iterator[str]:
    """Messages of a file, by its syntax tree: Babel's own extractor does not look into f-strings before Python 3.12."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MARKS and node.args:
            of = node.args[0]
            if isinstance(of, ast.Constant) and isinstance(of.value, str) and of.value:
                yield of.value


def updated(language: str) -> Catalog:
    """The catalogue of a language with exactly the messages of the code."""
    file = i18n.LOCALE / f"{language}.po"
    before = {}
    if file.is_file():
        with file.open("rb") as source:
            before = {entry.id: entry.string for entry in read_po(source, locale=language) if entry.id}
    made = Catalog(language, project="Attention Explorer", version="1", fuzzy=False, charset="utf-8")
    for message, where in messages().items():
        made.add(message, before.get(message, ""), locations=[(where, None)])
    return made


def main() -> int:
    missing = 0
    for language in i18n.LANGUAGES:
        if language == i18n.SOURCE:
            continue
        catalogue = updated(language)
        i18n.LOCALE.mkdir(exist_ok=True)
        with whole(i18n.LOCALE / f"{language}.po") as beside, beside.open("wb") as file:
            write_po(file, catalogue, width=0, omit_header=True)
        without = [entry.id for entry in catalogue if entry.id and not entry.string]
        missing += len(without)
        print(f"{language}: {len(catalogue):,} messages, {len(without):,} without a translation")
        for message in without:
            print(f"  {message!r}")
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
