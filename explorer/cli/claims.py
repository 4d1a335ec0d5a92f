"""The command claims: every verdict with its numbers."""

from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path

from explorer.claims import Claim, Finding, claim, claims
from explorer.claims.registry import topic_of, words_of
from explorer.claims.words import read
from explorer.cli.lectures import measured, print_measures
from explorer.cli.shared import write_json
from explorer.i18n import LANGUAGES, _, language
from models import load


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser of `python -m explorer`."""
    one = commands.add_parser("claims", help=_("put claims often heard in class to the test, and say whether the numbers are those expected"))
    one.add_argument("claims", nargs="*", metavar="C", help=_("claims, such as C14; all where there are none"))
    one.add_argument("--json", type=Path, metavar="OUT", help=_("file to write"))
    one.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    wanted = [claim(id_) for id_ in given.claims] or claims()
    models, made = cache(lambda name: load(name, "cpu")), []
    for one in wanted:
        found = one.compute(models)
        made.append(_about(one, found))
        _print(one, found)
    if given.json:
        write_json(given.json, made, ensure_ascii=False)
    return int(any(not measure["holds"] for one in made for measure in one["measures"]))


def _about(one: Claim, found: Finding) -> dict[str, object]:
    said = {which: words_of(one, which) for which in LANGUAGES}
    return {
        "id": one.id,
        "topic": {which: read(topic_of(one), which)[0] for which in LANGUAGES},
        "claim": {which: of.claim for which, of in said.items()},
        "verdict": str(found.verdict),
        "condition": {which: of.condition for which, of in said.items()} if said["en"].condition else None,
        "source": {which: of.source for which, of in said.items()} if said["en"].source else None,
        "demo": one.demo,
        "measures": measured(found.measures),
    }


def _print(one: Claim, found: Finding) -> None:
    words = words_of(one, language())
    print(f"{one.id} {words.claim}\n  {_(found.verdict.title)}{f' {words.condition}' if words.condition else ''}")
    print_measures(found.measures, words.label)
