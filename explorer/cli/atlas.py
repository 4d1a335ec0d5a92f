"""The command that reads every head over a corpus: atlas."""

from __future__ import annotations

import argparse
from pathlib import Path

from explorer.atlas import corpus as corpora
from explorer.atlas import making
from explorer.atlas.atlas import Atlas
from explorer.atlas.options import LONGEST, Options
from explorer.cli.examples import asked, example_arguments
from explorer.cli.shared import bar, device_arguments, model_argument, note, opened
from explorer.cli.units import on_corpus, on_units, unit_arguments
from explorer.i18n import N_, _
from explorer.scores.roles import ROLES
from explorer.units.atlas import atlas as in_units
from models.errors import InputError
from models.words import told

_DATA = N_("text, CSV, TSV, JSON, JSONL or CoNLL-U file; hub:owner/name; own:zh; default: the project's own texts")


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser of `python -m explorer`."""
    atlas = commands.add_parser(
        "atlas",
        help=_("every head over a corpus: what it does, and rows that show it"),
        description=_("Reads a corpus once and keeps of every head its metrics, distances, tokens, and rows of all kinds."),
        epilog=_("""the folder, which the page Atlas opens:
  manifest.json      model with the sha256 of its weights, corpus, options, versions
  heads.parquet      a line a head: each metric (mean over queries), its mean and spread over texts, roles by corpus and by text
  distances.parquet  share of the weight by signed distance;  peaks.parquet  rows by their largest weight
  edges.parquet      of a treebank: how often a head's largest weight lies on the word of a relation
  rows/, tokens/     a file a layer: kept rows with their keys and weights; tokens by mass and by lift
  texts.parquet      tokens of the texts that the rows are of
Stopped, it goes on where it was: finished parts lie in FOLDER.work until all is there."""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model_argument(atlas)
    atlas.add_argument("--out", required=True, type=Path, metavar="FOLDER", help=_("folder to write"))
    atlas.add_argument("--tokens", type=int, metavar="N", help=_("first texts that hold N tokens only"))
    atlas.add_argument("--longest", type=int, default=LONGEST, metavar="N", help=_("cut texts here (default: %(default)s)"))
    atlas.add_argument("--seed", type=int, default=0, metavar="N", help=_("of the sample of rows (default: %(default)s)"))
    atlas.add_argument("--pruned", default="", metavar="HEADS", help=_("heads to switch off while reading, such as 0.3,2.11"))
    device_arguments(atlas)
    example_arguments(atlas, _DATA)
    unit_arguments(atlas)
    atlas.set_defaults(run=_atlas)


def _atlas(given: argparse.Namespace) -> int:
    if given.out.exists() and not given.out.is_dir():
        raise InputError(told("{path} is a file.", path=given.out), told("Name a folder that is not there yet, or that of an atlas."))
    if given.longest < 2:
        raise InputError(told("--longest wants a number from 2."))
    if given.seed < 0:
        raise InputError(told("--seed wants a number from 0."))
    corpus = corpora.named(given.data, asked(given), given.limit)
    model = opened(given)
    note(*corpus.notes)
    options = Options(seed=given.seed, tokens=given.tokens, longest=given.longest, pruned=given.pruned)
    opened_on = on_corpus(given, model, corpus, options)
    with on_units(given, "atlas", opened_on) as planner, bar("atlas") as tell:
        if planner is None:
            made = making.write(model, corpus, given.out, options, tell, _found)
        else:
            made = in_units(planner, opened_on, tell)
            made.write(given.out)
    _told(made, given.out)
    return 0


def _found(n: int, folder: Path) -> None:
    note(_("{n} finished pieces found in {path}").format(n=n, path=folder))


def _told(made: Atlas, folder: Path) -> None:
    of = made.manifest["corpus"]
    if of["cut_texts"]:
        note(_("{n} texts were cut: {tokens:,} tokens were not read.").format(n=of["cut_texts"], tokens=of["unread"]))
    for role in ROLES:
        which = [index for index, roles in made.heads["roles"].items() if role.name in roles]
        names = ", ".join(f"{layer}.{head}" if len(made.parts) == 1 else f"{part}.{layer}.{head}" for part, layer, head in which)
        print(f"{role.name:<12}{len(which):>4}  {names}")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {len(made.heads)} heads, {of['texts']:,} texts, {of['tokens']:,} tokens, {size / 1e6:.1f} MB")
