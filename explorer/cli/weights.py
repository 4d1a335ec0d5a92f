"""The command that reads what weights say, with no text: weights."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from explorer.ablation import heads
from explorer.cli.shared import bar, device_arguments, for_json, model_argument, note, opened, write_json
from explorer.i18n import _
from explorer.weights import head as reading
from explorer.weights.composition import KINDS, Composition, Edge
from explorer.weights.distance import by_distance
from explorer.weights.one import OneHead, one_head
from explorer.weights.opened import NOTES, Weights
from explorer.weights.opened import opened as weights_of
from explorer.weights.pairs import Pairs
from explorer.weights.survey import Survey, survey
from models import InputError
from models.opening import sites

_PRINTED = 8


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser of `python -m explorer`."""
    command = commands.add_parser(
        "weights",
        help=_("what the weights say, with no text: which heads copy, which read what others write, and what one head would match"),
        description=_("Reads the weights alone: all heads of a part, or one of them."),
        epilog="""the file, of all heads (Elhage et al. 2021):
  copying      [layer][head], sum of the eigenvalues of W_E W_V W_O W_U as a share of the sum of their sizes; null where heads write to no words
  previous     [layer][head], weight on the token before that positions alone give; null for cross-attention
  induction    [layer][head], composition above random with heads that look at the token before; null for cross-attention
  random       composition of heads with random weights, its mean and its standard deviation
  edges        kind (q, k, v), writer and reader [layer, head], composition above random; the strongest first
  between      of an encoder-decoder: the same with writers of each other part that writes what this one reads
of one head (--head):
  matched      query token, key token, score: the pairs that it would match most
  moved        token that is attended to, word that becomes likelier, by how much
  matching, moving   singular directions: value, share of the power, tokens at both ends of what is read and of what is made
  distances    offset of the key, score by that alone
  token        with --token: what that token makes more and less likely, and which keys it would look for
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model_argument(command)
    command.add_argument("--part", choices=sites.Parts, help=_("of an encoder-decoder (default: encoder)"))
    command.add_argument("--head", metavar="L.H", help=_("one head, such as 1.3 (layer.head from 0)"))
    command.add_argument("--token", metavar="T", help=_("with --head: what this token does where the head attends to it"))
    command.add_argument("--distance", type=int, default=0, metavar="N", help=_("with --head and RoPE: the key stands N tokens before the query"))
    command.add_argument("--top", type=int, default=reading.TOP, metavar="N", help=_("so many pairs, words or edges (default: %(default)s)"))
    command.add_argument("--arriving", action="store_true", help=_("read tokens as they arrive at a layer in a text of one token"))
    command.add_argument("--json", type=Path, metavar="OUT", help=_("file to write"))
    device_arguments(command)
    command.set_defaults(run=_weights)


def _weights(given: argparse.Namespace) -> int:
    if given.top < 1:
        raise InputError(_("--top is {n}.").format(n=given.top), _("Ask for at least one."))
    if given.token is not None and given.head is None:
        raise InputError(_("--token says nothing without a head."), _("Name one, such as --head 1.3."))
    if given.distance and given.head is None:
        raise InputError(_("--distance says nothing without a head."), _("Name one, such as --head 1.3."))
    model = opened(given)
    weights = weights_of(model, arriving=given.arriving)
    if given.head is None:
        with bar("heads") as tell:
            found = survey(weights, given.part, tell)
        made = _of_all(found, given.top)
        _print_all(found)
    else:
        layer, head, part = _one(weights, given)
        with bar("tokens") as tell:
            one = one_head(weights, layer, head, part, top=given.top, report=tell, distance=given.distance)
        made = _of_one(weights, one, given)
        _print_one(made)
    if given.json:
        write_json(given.json, {"model": model.name, **made}, ensure_ascii=False)
    return 0


def _one(weights: Weights, given: argparse.Namespace) -> tuple[int, int, str]:
    word = f"{given.part}.{given.head}" if given.part and given.head.count(".") == 1 else given.head
    found = heads.parse(weights.model, word)
    if len(found) != 1:
        raise InputError(_("{word!r} is not one head.").format(word=given.head), _("Write layer.head, such as 1.3."))
    site, head = next(iter(found))
    at = weights.model.sites[site]
    return at.layer, head, at.part


def _of_all(found: Survey, top: int) -> dict[str, object]:
    if found.no_words is not None:
        note(found.no_words.problem)
    composed, distances = found.composition, found.distances
    return {
        "part": found.part,
        "copying": None if found.copying is None else for_json(found.copying),
        "previous": None if distances is None else for_json(distances.previous),
        "induction": None if distances is None else for_json(found.induction),
        "random": {"mean": composed.random, "spread": composed.spread},
        "edges": _edges(composed, top),
        "between": {one.writers: _edges(one, top) for one in found.between},
    }


def _edges(found: Composition, top: int) -> list[dict[str, object]]:
    return [{"kind": e.kind, "writer": list(e.writer), "reader": list(e.reader), "value": e.value} for e in found.edges(most=top)]


def _of_one(weights: Weights, one: OneHead, given: argparse.Namespace) -> dict[str, object]:
    note(*(NOTES[name] for name in one.notes), *(error.problem for error in (one.no_scores, one.no_words) if error is not None))
    made: dict[str, object] = {"part": one.part, "layer": one.layer, "head": one.head}
    made |= {"matched": _pairs(weights, one.matched), "moved": _pairs(weights, one.moved)}
    for name, directions in (("matching", one.matching), ("moving", one.moving)):
        ends = ("left", "right", "left_away", "right_away")
        made[name] = [{"value": d.value, "share": d.share, **{end: reading.named(weights, getattr(d, end)) for end in ends}} for d in directions]
    distances = by_distance(weights, one.part)
    made["distances"] = None
    if distances is not None:
        curve = distances.curves[one.layer, one.head]
        made["distances"] = [[int(offset), float(value)] for offset, value in zip(distances.offsets, curve, strict=True)]
    if given.token is not None:
        made["token"] = _of_token(weights, one, reading.token_of(weights, given.token), given.top)
    return made


def _of_token(weights: Weights, one: OneHead, token: int, top: int) -> dict[str, object]:
    made: dict[str, object] = {"token": reading.named(weights, [token])[0]}
    asked = (("words", reading.promoted, one.no_words), ("keys", reading.looked_for, one.no_scores))
    for name, ask, refused in asked:
        if refused is None:
            words = ask(weights, token, one.layer, one.head, one.part, top=top)
            made[name] = {
                "more": list(zip(reading.named(weights, words.more), for_json(words.most), strict=True)),
                "less": list(zip(reading.named(weights, words.less), for_json(words.least), strict=True)),
            }
    return made


def _pairs(weights: Weights, pairs: Pairs | None) -> list[list[object]] | None:
    if pairs is None:
        return None
    rows, columns = reading.named(weights, pairs.rows), reading.named(weights, pairs.columns)
    return [list(row) for row in zip(rows, columns, for_json(pairs.values), strict=True)]


def _print_all(found: Survey) -> None:
    for name, values in (("copying", found.copying), ("previous", found.distances and found.distances.previous), ("induction", found.induction)):
        if values is not None:
            order = np.argsort(-np.nan_to_num(values, nan=-np.inf), axis=None)[:_PRINTED]
            places = [np.unravel_index(at, values.shape) for at in order if not np.isnan(values.flat[at])]
            print(f"{name:<12}" + "  ".join(f"{layer}.{head} {values[layer, head]:+.2f}" for layer, head in places))
    for kind in KINDS:
        edges: list[Edge] = found.composition.edges((kind,), most=_PRINTED)
        if edges:
            shown = (f"{e.writer[0]}.{e.writer[1]} > {e.reader[0]}.{e.reader[1]} +{e.value:.3f}" for e in edges)
            print(f"{kind.upper():<12}" + "  ".join(shown))


def _print_one(made: dict[str, object]) -> None:
    for name in ("matched", "moved"):
        for left, right, value in (made[name] or [])[:_PRINTED]:
            print(f"{name:<10}{value:>9.2f}  {left!r} > {right!r}")
    for name in ("words", "keys"):
        for end, shown in (made.get("token", {}).get(name) or {}).items():
            print(f"{name} {end:<5}" + "  ".join(f"{token!r} {value:+.2f}" for token, value in shown[:_PRINTED]))
