"""The command that scores every head: heads."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from explorer.cli.examples import example_arguments, examples_of, how_read
from explorer.cli.shared import bar, device_arguments, for_json, model_argument, note, opened, write_json
from explorer.cli.units import on_texts, on_units, unit_arguments
from explorer.i18n import _
from explorer.scores import roles
from explorer.scores.definitions import ALL
from explorer.units import reading
from models.opening import sites


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser of `python -m explorer`."""
    heads = commands.add_parser(
        "heads",
        help=_("score every head on texts, and name the roles that it has"),
        description=_("Scores every head on texts and on repeated random tokens, and says which heads have a role."),
        epilog="""the file:
  scores       by name, [layer][head], null where there is none:
"""
        + "\n".join(f"    {score.name:<20}{_(score.title)} ({_(score.unit)}; {score.source})" for score in ALL)
        + """
  most_entropy largest mean entropy that there could be on these texts, in nats
  roles        layer, head, role, the score that decided, its value, the threshold, the largest value with random weights, the value on
               shuffled tokens
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model_argument(heads)
    heads.add_argument("--part", choices=sites.Parts, help=_("of an encoder-decoder (default: encoder)"))
    heads.add_argument("--json", required=True, type=Path, metavar="OUT", help=_("file to write"))
    device_arguments(heads)
    example_arguments(heads)
    unit_arguments(heads)
    heads.set_defaults(run=_heads)


def _heads(given: argparse.Namespace) -> int:
    model = opened(given)
    kind = "masked" if model.kind == "encoder" else "next"
    examples = examples_of(given, kind)
    texts = [example.text for example in examples.examples]
    note(*how_read(examples))
    opened_on = on_texts(given, model, texts, kind)
    with on_units(given, "heads", opened_on) as planner, bar("scores") as tell:
        known = roles.known(model, texts, given.part, tell) if planner is None else reading.heads(planner, opened_on, tell)
    held = known.roles()
    scores = known.scores
    made = {
        "model": model.name,
        "part": scores.part,
        "texts": scores.texts,
        "tokens": scores.tokens,
        "most_entropy": scores.most,
        "scores": {name: for_json(values) for name, values in scores.values.items()},
        "roles": [{name: for_json(value) for name, value in vars(one).items()} for one in held],
    }
    write_json(given.json, made)
    counts = Counter(one.role for one in held)
    for role in roles.ROLES:
        which = ", ".join(f"{one.layer}.{one.head}" for one in held if one.role == role.name)
        print(f"{role.name:<12}{counts[role.name]:>4}  {which}")
    return 0
