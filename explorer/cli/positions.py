"""The command that says where a model's order comes from: positions."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from explorer.cli.shared import device_arguments, model_argument, note, opened, write_json
from explorer.i18n import _
from explorer.positions import order, tables, terms
from explorer.reading import read
from models import Model
from models.errors import InputError

_TEXT = "The dog bites the man in the garden."


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser of `python -m explorer`."""
    positions = commands.add_parser(
        "positions",
        help=_("write what a model knows of positions as JSON"),
        description=_("Says which kind of positions a model has, and measures them."),
        epilog=_("""the file:
  kind               learned, sinusoidal, rope, relative (T5), alibi, none or unknown
  table              rows and width of what is added to the tokens
  principal_angles   degrees between the leading components of token and of position embeddings; random: of random subspaces
  four_terms         largest deviation of content and position terms from the scores of layer 0, head 0
  equivariance       largest |f(PX) - P f(X)| of the last layer, tokens reversed; with positions and without
null where a model has no such thing; why, says `notes`.
"""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model_argument(positions)
    positions.add_argument("--text", default=_TEXT, metavar="T", help=_("the text whose tokens are reversed (default: %(default)s)"))
    positions.add_argument("--angles", type=int, metavar="K", help=_("dimensions of the subspaces (default: 10, or as many as there are)"))
    positions.add_argument("--json", required=True, type=Path, metavar="OUT", help=_("file to write"))
    device_arguments(positions)
    positions.set_defaults(run=_positions)


def _positions(given: argparse.Namespace) -> int:
    made = measured(opened(given), given.text, given.angles)
    write_json(given.json, made, ensure_ascii=False)
    note(*made["notes"])
    on, off = made["equivariance"]["with"], made["equivariance"]["without"]
    print(f"{made['kind']}; deviation from equivariance {on:.2e} with positions, {'not known' if off is None else f'{off:.2e}'} without")
    return 0


def measured(model: Model, text: str = _TEXT, k: int | None = None) -> dict[str, object]:
    """All that the command writes. Raises InputError for a text that the model cannot take."""
    notes: list[str] = []

    def where_possible(measure: Callable[..., object], *arguments: object) -> object:
        try:
            return measure(model, *arguments)
        except InputError as error:
            notes.append(error.problem)
            return None

    kind, table = tables.kind_and_table(model)
    reversed_ = range(len(read(model, text).free))[::-1]
    on = order.permuted(model, text, reversed_)
    off = where_possible(order.permuted, text, reversed_, False)
    angles, four = where_possible(terms.principal_angles, k), where_possible(terms.four_terms, text)
    if on.order_in_mask:
        notes.append(_(on.order_in_mask))
    return {
        "model": model.name,
        "trained": model.trained,
        "text": text,
        "kind": kind,
        "table": table and {"name": table.name, "rows": len(table.values), "width": table.values.shape[1], "learned": table.learned},
        "principal_angles": angles and {"angles": angles.angles.tolist(), "random": angles.random.tolist(), "width": angles.width},
        "four_terms": four and {"deviation": four.deviation, "largest_score": float(abs(four.scores).max())},
        "equivariance": {"with": on.max, "without": off and off.max, "largest_output": on.scale},
        "notes": list(dict.fromkeys(notes)),
    }
