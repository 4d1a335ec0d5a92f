"""What one head's weights say of tokens: which it would match (QK), and what a token that it attends to makes likelier (OV).

After Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits", section "Splitting attention head terms into circuits". A token is
read as if the stream held nothing else: the norm before the head is that of the token alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.i18n import _
from explorer.reading import TOKENISING
from explorer.tokens import readable
from explorer.weights.copying import check_writes
from explorer.weights.ends import BLOCK
from explorer.weights.norms import Norm, unit
from explorer.weights.opened import Head, Weights, streams
from explorer.weights.pairs import Pairs, largest
from explorer.weights.turned import turning
from models import InputError
from models.opening.sites import Site

Report = Callable[[float], None]
TOP = 20
"""Pairs and words, where nobody says how many."""
SHOWN = 8
"""Tokens at each end of a singular direction."""


@dataclass(frozen=True, eq=False)
class Words:
    """What one token does, or is done to.

    Attributes:
        token: its id.
        more, less: ids of the words at both ends, most extreme first.
        most, least: their numbers, (k,) each.
    """

    token: int
    more: tuple[int, ...]
    less: tuple[int, ...]
    most: np.ndarray
    least: np.ndarray


@dataclass(frozen=True, eq=False)
class Direction:
    """A singular direction of a head: a pattern that it reads, and what it makes of it. Ids, most extreme first.

    Attributes:
        value: its singular value.
        share: of the sum of the squares of all of them.
        left, right: tokens at the one end of what is read (queries) and of what is made (keys, or words that get likelier).
        left_away, right_away: at the other end: both signs turn together.
    """

    value: float
    share: float
    left: tuple[int, ...]
    right: tuple[int, ...]
    left_away: tuple[int, ...]
    right_away: tuple[int, ...]


def matched(
    weights: Weights,
    layer: int,
    head: int,
    part: str | None = None,
    *,
    top: int = TOP,
    report: Report = lambda _share: None,
    distance: int = 0,
) -> Pairs:
    """The pairs of tokens whose score would be largest: rows are queries, columns are keys; biases and scale included.

    Args:
        weights: of a model.
        layer, head, part: which head.
        top: pairs.
        report: told the share that is done.
        distance: tokens that the key stands before the query, where positions turn both (RoPE).

    Raises:
        InputError: no such head, or linear attention, whose scores are no products; a distance as `turned.turning`.
    """
    of = _matching(weights, layer, head, part)
    queries, keys = query_rows(weights, of), key_rows(weights, of)
    if distance:
        keys = keys @ turning(weights, weights.site(layer, head, part), distance).T
    return largest(queries * of.scale, keys, top, report)


def moved(weights: Weights, layer: int, head: int, part: str | None = None, *, top: int = TOP, report: Report = lambda _share: None) -> Pairs:
    """The tokens, attended to, that make some word most likely: rows are tokens, columns are words. Raises InputError as `promoted`."""
    of = weights.head(layer, head, part)
    check_writes(weights, of.part)
    size = weights.exit.size
    read = torch.cat([weights.exit.words(slice(start, start + BLOCK)) @ of.output.T for start in range(0, size, BLOCK)])
    return largest(value_rows(weights, of), read, top, report)


def promoted(weights: Weights, token: int, layer: int, head: int, part: str | None = None, *, top: int = TOP) -> Words:
    """What a token makes more and less likely where this head attends to it, directly: in logits, less their mean over all words.

    What is there whatever the token (biases) is left out.

    Raises:
        InputError: no such head or token, or a model that predicts no words.
    """
    of = weights.head(layer, head, part)
    entry = weights.entry(streams(of.part)[1])
    _check_token(token, entry.size)
    check_writes(weights, of.part)
    (row,) = weights.rows(of, streams(of.part)[1], torch.tensor([token], device=weights.model.device))
    return _ends(token, weights.exit.logits(unit(of.key_norm, row) @ of.value @ of.output)[0], top)


def looked_for(weights: Weights, token: int, layer: int, head: int, part: str | None = None, *, top: int = TOP) -> Words:
    """Which keys a token, as a query, would match most and least, by score. Raises InputError as `matched`, and for no such token."""
    of = _matching(weights, layer, head, part)
    _check_token(token, weights.entry(streams(of.part)[0]).size)
    (row,) = weights.rows(of, streams(of.part)[0], torch.tensor([token], device=weights.model.device))
    row = unit(of.query_norm, row) @ of.query + of.query_bias
    return _ends(token, (of.scale * row @ key_rows(weights, of).T)[0], top)


def matching_directions(weights: Weights, layer: int, head: int, part: str | None = None, *, n: int = 4) -> list[Direction]:
    """Singular directions of W_Q W_K^T, folded; left are queries, right are keys. Raises InputError as `matched`."""
    of = _matching(weights, layer, head, part)
    reads, source = streams(of.part)

    def right(direction: Tensor) -> Tensor:
        return _rows(weights, of, source, of.key_norm, direction).T

    return _directions(of.query, of.key, lambda x: _rows(weights, of, reads, of.query_norm, x).T, right, n)


def moving_directions(weights: Weights, layer: int, head: int, part: str | None = None, *, n: int = 4) -> list[Direction]:
    """Singular directions of W_V W_O, folded; left are tokens that are attended to, right are words. Raises InputError as `promoted`."""
    of = weights.head(layer, head, part)
    check_writes(weights, of.part)

    def left(directions: Tensor) -> Tensor:
        return _rows(weights, of, streams(of.part)[1], of.key_norm, directions).T

    return _directions(of.value, of.output.T, left, lambda x: weights.exit.logits(x.T), n)


def token_of(weights: Weights, text: str) -> int:
    """The id of what was typed: the token of this very text, or the first one that the tokenizer makes of it.

    Raises:
        InputError: nothing was typed.
    """
    tokenizer = weights.model.tokenizer
    known = tokenizer.convert_tokens_to_ids(text) if text in tokenizer.get_vocab() else None
    if known is not None:
        return int(known)
    ids = pieces(weights, text) if text else []
    if not ids:
        raise InputError(_("There is no token."), _("Type one."))
    return int(ids[0])


def pieces(weights: Weights, text: str) -> list[int]:
    """Ids of a text alone, with nothing around it."""
    with TOKENISING:
        return weights.model.tokenizer(text, add_special_tokens=False)["input_ids"]


def named(weights: Weights, ids: np.ndarray | tuple[int, ...] | list[int]) -> list[str]:
    """Readable tokens."""
    return readable(weights.model.tokenizer, [int(i) for i in ids])


def check_matches(weights: Weights, site: Site) -> None:
    """Raises InputError where the scores of a site are no products of queries and keys."""
    if not weights.matches(site):
        raise InputError(_("Linear attention has no scores: it bends queries and keys before they meet."), _("Choose another model."))


def query_rows(weights: Weights, of: Head) -> Tensor:
    """Queries of all tokens, unscaled, (size, d_k)."""
    return _rows(weights, of, streams(of.part)[0], of.query_norm, of.query) + of.query_bias


def key_rows(weights: Weights, of: Head) -> Tensor:
    """Keys of all tokens, (size, d_k)."""
    return _rows(weights, of, streams(of.part)[1], of.key_norm, of.key) + of.key_bias


def value_rows(weights: Weights, of: Head) -> Tensor:
    """Values of all tokens, biases left out, (size, d_k)."""
    return _rows(weights, of, streams(of.part)[1], of.key_norm, of.value)


def _rows(weights: Weights, of: Head, part: str, norm: Norm | None, matrix: Tensor) -> Tensor:
    """All tokens through a matrix (width, n), (size, n)."""
    return torch.cat([unit(norm, x) @ matrix for x in weights.rows(of, part)])


def _matching(weights: Weights, layer: int, head: int, part: str | None) -> Head:
    check_matches(weights, weights.site(layer, head, part))
    return weights.head(layer, head, part)


def _directions(
    left: Tensor, right: Tensor, along_left: Callable[[Tensor], Tensor], along_right: Callable[[Tensor], Tensor], n: int
) -> list[Direction]:
    """Of left @ right.T, both (width, d_k), by the small product of their triangular factors."""
    (q_left, r_left), (q_right, r_right) = (torch.linalg.qr(one.cpu().double()) for one in (left, right))
    u, values, v = torch.linalg.svd(r_left @ r_right.T)
    n = min(n, len(values))
    # A pair of singular vectors has no sign of its own: the larger end of what is read is called the one end.
    read = along_left((q_left @ u[:, :n]).to(left))
    made = along_right((q_right @ v[:n].T).to(right))
    flip = torch.where(read.amax(1) >= -read.amin(1), 1.0, -1.0)[:, None]
    read, made = read * flip, made * flip
    power = values.square() / values.square().sum().clamp(min=1e-30)

    def ids(row: Tensor) -> tuple[int, ...]:
        return tuple(row.topk(min(SHOWN, len(row))).indices.tolist())

    return [Direction(float(values[i]), float(power[i]), ids(read[i]), ids(made[i]), ids(-read[i]), ids(-made[i])) for i in range(n)]


def _ends(token: int, row: Tensor, top: int) -> Words:
    most, least = row.topk(min(top, len(row))), (-row).topk(min(top, len(row)))
    return Words(token, tuple(most.indices.tolist()), tuple(least.indices.tolist()), most.values.cpu().numpy(), -least.values.cpu().numpy())


def _check_token(token: int, size: int) -> None:
    if not 0 <= token < size:
        raise InputError(_("There is no token {token}; there are {n}, counted from 0.").format(token=token, n=size))
