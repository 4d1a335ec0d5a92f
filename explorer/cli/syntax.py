"""The command that looks for syntax in heads: syntax."""

from __future__ import annotations

import argparse
from pathlib import Path

from explorer.cli.shared import bar, device_arguments, model_argument, note, opened, write_json
from explorer.cli.units import on_sentences, on_units, unit_arguments
from explorer.i18n import _
from explorer.syntax import names, relations, sentences
from explorer.units import reading


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser of `python -m explorer`."""
    syntax = commands.add_parser(
        "syntax",
        help=_("the best head for each dependency relation"),
        description=_("Finds, for each dependency relation, the head that predicts it best, against the best fixed offset (Clark et al. 2019)."),
        epilog=_("""the file:
  halves     for each relation: layer, head, direction, accuracy with 95 % interval, dependents, best offset and its accuracy;
             chosen on every other sentence, read on the rest
  same       the same, chosen and read on all sentences
  syntactic  [layer, head] of heads that beat the best offset of a relation with at least 10 dependents by at least 10 points
             in each half of the sentences, and by more than chance would have it among all heads and relations
"""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model_argument(syntax)
    syntax.add_argument("--conllu", type=Path, metavar="F", help=_("treebank in CoNLL-U (default: the project's own)"))
    syntax.add_argument("--own", choices=sentences.OWN, default="en", help=_("language of the project's own sentences (default: %(default)s)"))
    syntax.add_argument("--limit", type=int, metavar="N", help=_("first N sentences only"))
    syntax.add_argument("--words", metavar="A..B", default="2..1000", help=_("sentences of so many words only (default: %(default)s)"))
    syntax.add_argument("--json", required=True, type=Path, metavar="OUT", help=_("file to write"))
    device_arguments(syntax)
    unit_arguments(syntax)
    syntax.set_defaults(run=_syntax)


def _syntax(given: argparse.Namespace) -> int:
    model = opened(given)
    opened_on = on_sentences(given, model)
    chosen = opened_on.sentences
    with on_units(given, "syntax", opened_on) as planner, bar("sentences") as tell:
        found = relations.best_heads(model, chosen, tell) if planner is None else reading.syntax(planner, opened_on, tell)
    if found.left_out:
        left_out = _("{n} sentences were left out: too long, of one word, with several roots, or with a word that the tokenizer drops")
        note(left_out.format(n=found.left_out))
    halves, same = found.table(), found.table(same=True)
    made = {
        "model": model.name,
        "sentences": found.sentences,
        "left_out": found.left_out,
        "halves": halves.to_dict("records"),
        "same": same.to_dict("records"),
        "syntactic": sorted(map(list, found.syntactic())),
    }
    write_json(given.json, made)
    for row in same.itertuples():
        if row.n >= relations.LEAST:
            best = f"{row.layer}.{row.head:<4}{row.accuracy:.2f}"
            print(f"{row.relation:<14}{best}  offset {row.offset:+d}: {row.baseline:.2f}  n {row.n}, {names.way(row.direction)}")
    return 0
