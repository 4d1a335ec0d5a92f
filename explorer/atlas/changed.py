"""Two atlases, head by head: which heads changed, and in what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from explorer.atlas.atlas import Atlas
from explorer.i18n import _
from models import InputError


def between(one: Atlas, other: Atlas, part: str) -> pd.DataFrame:
    """The heads that both have, those that changed most first.

    Columns: layer, head; `change`, the root mean square over all metrics of the difference, each in units of its spread over the heads of
    the first atlas; `metric`, the one that moved most in these units, its values `before` and `after`; and `sure`, the difference of its
    means over texts in standard errors of that difference (nan for what is not measured on texts).

    Raises:
        InputError: they have no head in common.
    """
    if part not in other.parts:
        raise InputError(_("{name} has no {part} attention.").format(name=other.model, part=part), ", ".join(other.parts))
    first, second = one.heads.loc[part], other.heads.loc[part]
    index = first.index.intersection(second.index)
    if not len(index):
        raise InputError(_("The two atlases have no head in common."), _("Choose another."))
    first, second = first.loc[index], second.loc[index]
    names = [name for name in one.metrics if name in other.metrics]
    a, b = first[names].to_numpy(float), second[names].to_numpy(float)
    spread = np.nanstd(one.heads.loc[part][names].to_numpy(float), 0)
    moved = np.where(spread > 1e-9, np.abs(b - a) / np.maximum(spread, 1e-9), 0)
    at = np.nan_to_num(moved, nan=-1).argmax(1)
    pick = np.arange(len(index))
    table = pd.DataFrame(
        {
            "layer": [layer for layer, _head in index],
            "head": [head for _layer, head in index],
            "change": np.sqrt(np.nanmean(moved**2, axis=1)),
            "metric": [names[i] for i in at],
            "before": a[pick, at],
            "after": b[pick, at],
            "sure": _errors(first, second, names)[pick, at],
        }
    )
    return table.sort_values("change", ascending=False, kind="stable").reset_index(drop=True)


def _errors(one: pd.DataFrame, other: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """How far the means over texts lie apart, in standard errors of their difference, (heads, metrics)."""

    def columns(of: pd.DataFrame, ending: str) -> np.ndarray:
        return of.reindex(columns=[f"{name}_{ending}" for name in names]).to_numpy(float)

    error = np.sqrt(sum(columns(of, "sd") ** 2 / np.maximum(1, columns(of, "n")) for of in (one, other)))
    apart = np.abs(columns(other, "texts") - columns(one, "texts"))
    return np.divide(apart, error, out=np.full(error.shape, np.nan), where=error > 0)
