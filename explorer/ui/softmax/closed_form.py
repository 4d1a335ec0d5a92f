"""What the softmax laboratory shows without a model: random vectors, and four lookups. Once drawn, all moves in the browser."""

from __future__ import annotations

import streamlit as st

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.charts.softmax import lookups, vectors
from explorer.i18n import _
from explorer.softmax import vectors as drawn
from explorer.ui.common import jobs, sliders, stage
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files

DRAWS = 32
"""Of the Gumbel noise, for the slider to go through."""


def random_vectors(seed: int) -> tuple[Figure, str] | None:
    """Scores, weights and Jacobian of random vectors, and what can be taken away: the figure, and lines of Python. None while they are drawn."""
    found = jobs.computed(("random vectors", seed), _("Random vectors"), lambda report: drawn.draw(seed), replaces="vectors")
    shown = jobs.kept("vectors", seed, _("draw {n}").format(n=seed), None if found is None else (seed, found))
    if shown is None:
        return None
    seed, made = shown.what
    pairs, row = made.pairs, made.row

    def picture(dark: bool, hall: bool = False) -> Picture:
        return vectors.picture(drawn.WIDTHS, pairs, row, dark=dark, hall=hall)

    sliders.draw(picture(is_dark(), stage.is_on()), "vectors")
    st.caption(
        _(
            "Entries of q and k: independent, mean 0, variance 1. Histogram: {pairs} pairs that share no vector. Weights: one query and its "
            "keys. Trace and norm are those of the whole Jacobian: 1 − Σp² and √(Σp² − 2Σp³ + (Σp²)²)."
        ).format(pairs=len(pairs))
    )
    files = picture_files(lambda: picture(False)) | {"npz": lambda: export.packed(widths=drawn.WIDTHS, pairs=pairs, row=row)}
    lines = [
        "import torch",
        "from explorer.softmax.vectors import draw",
        "",
        f"made = draw({seed})",
        "for d_k, scores in zip(made.widths, made.row[:64].T):",
        "    p = torch.tensor(scores / d_k**0.5).softmax(0)",
        "    jacobian = p.diag() - p.outer(p)",
        "    print(d_k, p.max(), -(p * p.log()).sum(), jacobian.trace(), jacobian.norm())",
    ]
    return Figure(_("Random vectors, as first drawn"), "random-vectors", files), "\n".join(lines)


def four_lookups(seed: int) -> tuple[Figure, str]:
    """Hard lookup, softmax, sparsemax and Gumbel-softmax over the same scores, and what can be taken away."""
    noise = drawn.gumbel(seed, DRAWS, len(lookups.SCORES))

    def picture(dark: bool, hall: bool = False) -> Picture:
        return lookups.picture(noise, dark=dark, hall=hall)

    sliders.draw(picture(is_dark(), stage.is_on()), "lookups")
    st.caption(
        _(
            "Below: how the weight of the chosen key changes with each score. Sparsemax: Martins & Astudillo 2016; "
            "Gumbel-softmax: Jang et al. 2017. Lower the temperature: softmax becomes the hard lookup, and its gradient goes."
        )
    )
    files = picture_files(lambda: picture(False))
    lines = [
        "import torch",
        "from explorer.softmax.vectors import gumbel",
        "from models.attention.normalisers import sparsemax",
        "",
        f"scores, temperature = torch.tensor({list(lookups.SCORES)}, dtype=torch.double), 1.0",
        f"noise = torch.tensor(gumbel({seed}, {DRAWS}, {len(lookups.SCORES)}))[0]",
        "for lookup in (lambda s: s.softmax(0), sparsemax, lambda s: (s + noise / temperature).softmax(0)):",
        "    print(lookup(scores / temperature), torch.autograd.functional.jacobian(lambda s: lookup(s / temperature), scores))",
    ]
    return Figure(_("Four lookups, as first drawn"), "lookups", files), "\n".join(lines)
