"""Scores on random tokens that are repeated once: what a head does that copies, whatever the text means (Olsson et al. 2022)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from explorer.ablation.resumable import Pieces
from explorer.capture import capture_ids
from explorer.i18n import _
from explorer.scores.sums import array, listed
from models import InputError, Model

TOKENS, SEQUENCES = 40, 8
"""Random tokens of one copy, and sequences to average over."""


def on_repeated(
    model: Model,
    tokens: int = TOKENS,
    sequences: int = SEQUENCES,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    resumable: Pieces | None = None,
    what: str = "repeated",
) -> dict[str, np.ndarray]:
    """Induction, duplicate-token and previous-token score on sequences of random tokens, twice in a row, with no special token.

    Args:
        model: an encoder or a decoder.
        tokens: of one copy; fewer where two copies exceed the model's limit.
        sequences: to average over.
        seed: of the first sequence; each has its own.
        progress: told the share that is done.
        resumable: where scores of sequences that are done are kept.
        what: their name there.

    Returns:
        By name (`definitions.REPEATED`), float64 (layers, heads); nan where a layer has fewer heads.

    Raises:
        InputError: an encoder-decoder.
    """
    if model.kind == "encoder-decoder":
        raise InputError(_("{name} reads a source and a target.").format(name=model.name), _("Choose an encoder or a decoder."))
    totals: dict[str, np.ndarray] = {}
    for sequence in range(sequences):
        piece = resumable.get(what, sequence) if resumable is not None else None
        if piece is None:
            piece = of_sequence(model, tokens, seed + sequence)
            if resumable is not None:
                resumable.put(what, sequence, piece)
        for name, values in piece.items():
            totals[name] = totals.get(name, 0.0) + array(values) / sequences
        if progress:
            progress((sequence + 1) / sequences)
    return totals


def of_sequence(model: Model, tokens: int, seed: int) -> dict:
    """The scores on one sequence, as JSON: by name, [layer][head], None where a layer has fewer heads."""
    m = min(tokens, model.max_length // 2) if model.max_length else tokens
    ordinary = torch.tensor(sorted(set(range(len(model.tokenizer))) - set(model.tokenizer.all_special_ids)))
    known = model.network.get_input_embeddings().weight.shape[0]
    ordinary = ordinary[ordinary < known]
    offsets = {"repeated_induction": (m, m - 1), "repeated_duplicate": (m, m), "repeated_previous": (1, 1)}
    sites = model.sites_in(model.parts[0])
    found = {name: np.full((len(sites), max(1, max(site.heads for site in sites))), np.nan) for name in offsets}
    copy = ordinary[torch.randint(len(ordinary), (m,), generator=torch.Generator().manual_seed(seed))]
    captured = capture_ids(model, torch.cat([copy, copy]).tolist())
    for site in sites:
        patterns = captured.patterns(site.layer)
        for name, (start, back) in offsets.items():
            rows = np.arange(start, 2 * m)
            found[name][site.layer, : site.heads] = patterns[:, rows, rows - back].mean(-1, dtype=float)
    return {name: listed(values) for name, values in found.items()}
