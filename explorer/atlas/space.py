"""Heads as points: all metrics at once, each in units of its spread over the heads."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from explorer.atlas.atlas import Atlas

CLUSTERS = 6
_PERPLEXITY = 12
_FEATURES: WeakKeyDictionary[Atlas, dict[str, tuple[np.ndarray, list[str]]]] = WeakKeyDictionary()
"""By atlas and part, as long as somebody has the atlas."""


def features(atlas: Atlas, part: str) -> tuple[np.ndarray, list[str]]:
    """Standardised metrics of the heads of a part, (heads, metrics), and their names. What no head has, or all alike, is left out; what one head
    has not lies at the mean of the others. A page asks for them at each rerun: they are made once, and cannot be written to."""
    made = _FEATURES.setdefault(atlas, {})
    if part not in made:
        made[part] = _standardised(atlas, part)
    return made[part]


def _standardised(atlas: Atlas, part: str) -> tuple[np.ndarray, list[str]]:
    table = atlas.heads.loc[part]
    names = [name for name in atlas.metrics_in(part) if np.nanstd(table[name]) > 1e-9]
    values = table[names].to_numpy(float)
    found = np.nan_to_num((values - np.nanmean(values, 0)) / np.nanstd(values, 0))
    found.setflags(write=False)
    return found, names


def layout(atlas: Atlas, part: str, how: str) -> np.ndarray:
    """Points in the plane, (heads, 2), the same for the same atlas.

    Args:
        how: "pca" (the two directions of largest variance) or "tsne" (van der Maaten & Hinton 2008: neighbours stay neighbours).
    """
    values = features(atlas, part)[0]
    if min(values.shape) < 2:
        return np.pad(values[:, :1], ((0, 0), (0, 2 - min(1, values.shape[1]))))[:, :2]
    if how == "pca" or len(values) < 4:
        found = PCA(2, svd_solver="full").fit(values)
        return found.transform(values)
    perplexity = min(_PERPLEXITY, (len(values) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=0).fit_transform(values.astype(np.float64))


def clusters(atlas: Atlas, part: str) -> np.ndarray:
    """Number of each head's cluster, from 1, of at most `CLUSTERS`, by k-means; the largest first."""
    values = features(atlas, part)[0]
    n = min(CLUSTERS, len(np.unique(values, axis=0)))
    if n < 2:
        return np.ones(len(values), int)
    found = KMeans(n, n_init=4, random_state=0).fit_predict(values)
    order = np.argsort(-np.bincount(found, minlength=n), kind="stable")
    return np.argsort(order)[found] + 1


def like(atlas: Atlas, head: tuple[str, int, int], k: int = 5) -> pd.DataFrame:
    """The heads of its part that are most like one: layer, head and distance in standardised metrics, the nearest first."""
    index = list(atlas.heads.loc[head[0]].index)
    values = features(atlas, head[0])[0]
    at = index.index((head[1], head[2]))
    distance = np.linalg.norm(values - values[at], axis=1) / np.sqrt(max(1, values.shape[1]))
    order = [i for i in np.argsort(distance, kind="stable") if i != at][:k]
    return pd.DataFrame({"layer": [index[i][0] for i in order], "head": [index[i][1] for i in order], "distance": distance[order]})
