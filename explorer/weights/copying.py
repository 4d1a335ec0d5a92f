"""Whether a head copies: the eigenvalues of its OV circuit over the vocabulary (Elhage et al. 2021, section "Copying heads")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.i18n import _
from explorer.weights.norms import unit
from explorer.weights.opened import Head, Weights, streams
from models import InputError
from models.opening.devices import precise


def copying(weights: Weights, part: str | None = None, report: Callable[[float], None] = lambda _share: None) -> np.ndarray:
    """Sum of the eigenvalues of each head's W_E W_V W_O W_U, as a share of the sum of their sizes.

    1: whatever a head attends to, it makes likelier; -1: less likely. All eigenvalues but d_k are 0; those are the ones of a d_k x d_k matrix.

    Returns:
        (layers, heads), float64; nan where there is no head.

    Raises:
        InputError: a model that predicts no words, an encoder beside a decoder, tokens that are no words of the output.
    """
    of_part = weights.sites(part)
    source = streams(of_part[0].part)[1]
    check_writes(weights, of_part[0].part)
    _check_same(weights, source)
    joined: dict[object, Tensor] = {}
    found = np.full((len(of_part), max(1, max(site.heads for site in of_part))), np.nan)
    for i, site in enumerate(of_part):
        for of in weights.heads(site):
            kind = None if of.key_norm is None else of.key_norm.kind, site.layer if weights.arriving else 0
            if kind not in joined:
                joined[kind] = _through_words(weights, source, of, lambda share, i=i: report((i + share) / (len(of_part) + 1)))
            values = torch.linalg.eigvals((precise(of.output) @ joined[kind] @ precise(of.value)).cpu())
            total = float(values.abs().sum())
            found[site.layer, of.head] = float(values.real.sum()) / total if total > 0 else 0.0
        report((i + 1) / len(of_part))
    return found


@dataclass(frozen=True, eq=False)
class Copied:
    """Which tokens a head copies.

    Attributes:
        ids: of the tokens that make themselves likeliest where the head attends to them, most first.
        values: by how much, (k,): logits above the mean word.
        share: of all tokens that make themselves likelier than the mean word at all.
    """

    ids: tuple[int, ...]
    values: np.ndarray
    share: float


def copied(weights: Weights, layer: int, head: int, part: str | None = None, *, top: int = 8) -> Copied:
    """What each token does to itself: the diagonal of the head's W_E W_V W_O W_U. Raises InputError as `copying`, and for no such head."""
    of = weights.head(layer, head, part)
    source, own = streams(of.part)[1], []
    check_writes(weights, of.part)
    _check_same(weights, source)
    for x in weights.rows(of, source):
        first = sum(map(len, own))
        own.append((unit(of.key_norm, x) @ of.value @ of.output * weights.exit.words(slice(first, first + len(x)))).sum(1))
    found = torch.cat(own)
    best = found.topk(min(top, len(found)))
    return Copied(tuple(best.indices.tolist()), best.values.cpu().numpy(), float((found > 0).double().mean()))


def _check_same(weights: Weights, source: str) -> None:
    if weights.entry(source).size != weights.exit.size:
        raise InputError(_("{name} reads other tokens than it writes.").format(name=weights.model.name), _("Choose another model."))


def check_writes(weights: Weights, part: str) -> None:
    """Raises InputError where what heads of a part write reaches no words directly."""
    if part == "encoder" and weights.model.kind == "encoder-decoder":
        raise InputError(
            _("What an encoder's head writes reaches words only through the decoder."), _("Choose the decoder, or the attention between the two.")
        )
    config = weights.model.network.config
    if getattr(config, "model_type", "") == "explorer-toy" and not config.residual:
        raise InputError(_("Without residual connections a head of this toy writes to no words directly."), _("Choose another model."))
    weights.exit  # noqa: B018, which raises where no words are predicted


def _through_words(weights: Weights, source: str, of: Head, report: Callable[[float], None]) -> Tensor:
    """W_U W_E summed over the vocabulary, (width, width): all that the eigenvalues of any head need of it."""
    size, made, done = weights.entry(source).size, 0.0, 0
    for x in weights.rows(of, source):
        made = made + precise(weights.exit.words(slice(done, done + len(x)))).T @ precise(unit(of.key_norm, x))
        done += len(x)
        report(done / size)
    return made
