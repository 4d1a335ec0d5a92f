"""How tokens are taken, and how many; and the same in Python."""

from __future__ import annotations

import streamlit as st

from explorer import export, generate
from explorer.i18n import _
from explorer.ui.common import address
from models import Model


def controls() -> tuple[generate.Sampling, int]:
    """How tokens are taken, and how many at most."""
    greedy = st.toggle(_("always the likeliest"), True, key="greedy", bind="query-params")
    how = {"width": 115, "disabled": greedy}
    temperature = address.number_input(_("Temperature"), 0.05, 5.0, 0.8, step=0.1, key="temperature", **how)
    top_k = address.number_input(_("Top k (0: all)"), 0, 1_000, 0, step=5, key="top_k", **how)
    top_p = address.number_input(_("Top p"), 0.05, 1.0, 0.95, step=0.05, key="top_p", **how)
    seed = address.number_input(_("Seed"), 0, 9_999, 1, key="generation_seed", **how)
    tokens = address.number_input(_("Tokens"), 1, 500, 40, step=10, key="tokens", width=100)
    return generate.Sampling(greedy, temperature, top_k, top_p, seed), tokens


def recipe(model: Model, text: str, sampling: generate.Sampling, tokens: int) -> str:
    """Lines of Python for the same text."""
    lines = [
        "import models",
        "from explorer import generate",
        "",
        export.load_line(model),
        f"sampling = generate.{sampling}",
        f"for step in generate.generate(model, {export.text_read(text)}, sampling, tokens={tokens}):",
        "    print(step.token, step.candidates[:3], step.attention)",
    ]
    return "\n".join(lines)
