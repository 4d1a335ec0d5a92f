"""Scores on random tokens that are repeated once: what a head does that copies, whatever the text means (Olsson et al. 2022)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from explorer.capture import capture_ids
from explorer.i18n import _
from models import InputError, Model


def on_repeated(
    model: Model, tokens: int = 40, sequences: int = 8, seed: int = 0, progress: Callable[[float], None] | None = None
) -> dict[str, np.ndarray]:
    """Induction, duplicate-token and previous-token score on sequences of random tokens, twice in a row, with no special token.

    Args:
        model: an encoder or a decoder.
        tokens: of one copy; fewer where two copies exceed the model's limit.
        sequences: to average over.
        seed: of the first sequence; each has its own.
        progress: told the share that is done.

    Returns:
        By name (`definitions.REPEATED`), float64 (layers, heads); nan where a layer has fewer heads.

    Raises:
        InputError: an encoder-decoder.
    """
    if model.kind == "encoder-decoder":
        raise InputError(_("{name} reads a source and a target.").format(name=model.name), _("Choose an encoder or a decoder."))
    m = min(tokens, model.max_length // 2) if model.max_length else tokens
    ordinary = torch.tensor(sorted(set(range(len(model.tokenizer))) - set(model.tokenizer.all_special_ids)))
    known = model.network.get_input_embeddings().weight.shape[0]
    ordinary = ordinary[ordinary < known]
    offsets = {"repeated_induction": (m, m - 1), "repeated_duplicate": (m, m), "repeated_previous": (1, 1)}
    sites = model.sites_in(model.parts[0])
    totals = {name: np.full((len(sites), max(1, max(site.heads for site in sites))), np.nan) for name in offsets}
    for sequence in range(sequences):
        copy = ordinary[torch.randint(len(ordinary), (m,), generator=torch.Generator().manual_seed(seed + sequence))]
        captured = capture_ids(model, torch.cat([copy, copy]).tolist())
        for site in sites:
            patterns = captured.patterns(site.layer)
            for name, (start, back) in offsets.items():
                rows = np.arange(start, 2 * m)
                row = totals[name][site.layer]
                row[: site.heads] = np.nan_to_num(row[: site.heads]) + patterns[:, rows, rows - back].mean(-1, dtype=float) / sequences
        if progress:
            progress((sequence + 1) / sequences)
    return totals
