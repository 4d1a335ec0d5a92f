"""A dialog that really cuts the removed heads out: how much smaller and faster the model gets, and the model to take away."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pandas as pd
import streamlit as st

from explorer.ablation.heads import Heads, by_site, write
from explorer.ablation.published import SLICING
from explorer.ablation.speed import BATCH_SIZES, side_by_side
from explorer.charts.prune import speed as chart
from explorer.export import SAVE_FIRST, TRAINED_HERE, folder_of, zipped
from explorer.i18n import _
from explorer.ui.common import long_work
from explorer.ui.common.session import explained, is_dark
from models import Model, ModelError
from models.surgery import slicing

LARGEST = 2 * 2**30
"""Bytes of a model that a browser is given; a larger one is written by the shell."""
_SECONDS = 0.5
"""Time for each batch size and model."""


@st.dialog(_("Cut the heads out"), width="medium")
def cut_out(model: Model, heads: Heads) -> None:
    """Parameters and speed without these heads, and both exports."""
    st.markdown(
        _(
            "Switching a head off computes it and drops its output. Cut out, its rows and columns leave the weights: the logits are the "
            "same, the model is smaller and faster."
        )
    )
    key = f"cut {model.number} {write(model, heads)}"
    known = st.session_state.get("_cut")
    try:
        if known is None or known[0] != key:
            found = long_work.run(_("Cutting and measuring"), key, lambda tell: _measured(model, heads, tell))
            if found is None:
                return
            known = st.session_state["_cut"] = (key, *found)
        _report(model, heads, *known[1:])
        _downloads(model, heads)
    except ModelError as error:
        st.error(explained(error), icon=":material/error:")


def _measured(model: Model, heads: Heads, tell: Callable[[float], None]) -> tuple[int, pd.DataFrame]:
    """Parameters of the sliced model, and a table of both models' speeds."""
    small, rows = slicing.sliced(model, by_site(heads)), []
    for full, less in side_by_side([model, small], seconds=_SECONDS):
        rows.append({"batch": full.batch, "full": full.seconds, "sliced": less.seconds, "faster": full.seconds / less.seconds - 1})
        tell(len(rows) / len(BATCH_SIZES))
    return small.parameters, pd.DataFrame(rows)


def _report(model: Model, heads: Heads, parameters: int, table: pd.DataFrame) -> None:
    left, right = st.columns([2, 5], gap="medium")
    with left:
        share = parameters / model.parameters - 1
        st.metric(_("Parameters"), f"{parameters / 1e6:.2f} M", f"{share:+.1%}", delta_color="off", help=f"{parameters:,} / {model.parameters:,}")
        st.metric(_("Heads"), f"{sum(site.heads for site in model.sites) - len(heads)}", f"-{len(heads)}", delta_color="off")
    with right:
        st.altair_chart(chart.faster(table, SLICING, dark=is_dark()), width="content")
    st.caption(
        _(
            "Bars: measured just now on {device}, 32 tokens an example. Diamonds: published, half of BERT's heads cut out on a GTX 1080 Ti "
            "(Michel et al. 2019, section 4)."
        ).format(device=model.device)
    )


def _downloads(model: Model, heads: Heads) -> None:
    if model.memory_bytes > LARGEST:
        st.caption(_("This model is too large for a download; the shell writes it:"))
    else:
        with st.container(horizontal=True):
            for title, export, name, message in (
                (_("Sliced"), slicing.export_sliced, "sliced", _("Smaller; opens here (folder in the sidebar) and with `models.load`.")),
                (_("Zeroed"), slicing.export_zeroed, "zeroed", _("Same shapes, zeros instead; opens with plain `from_pretrained`.")),
            ):
                st.download_button(
                    f"{title}.zip",
                    lambda export=export: zipped(lambda folder, export=export: export(model, by_site(heads), folder)),
                    f"{model.name.replace('/', '-')}-{name}.zip",
                    "application/zip",
                    help=message,
                    icon=":material/download:",
                    on_click="ignore",
                    key=f"export_{name}",
                )
    lines = [f"# {model.name}: {SAVE_FIRST}"] if model.name.startswith(TRAINED_HERE) else []
    lines.append(f"python -m explorer slice --model {shlex.quote(folder_of(model.name))} --heads {write(model, heads)} --out smaller --speed")
    st.code("\n".join(lines), language="shell", wrap_lines=True)
