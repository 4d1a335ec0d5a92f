"""A dialog that really cuts the removed heads out: how much smaller and faster the model gets, and the model to take away."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from explorer.ablation.heads import Heads, by_site, write
from explorer.ablation.published import SLICING
from explorer.ablation.speed import BATCH_SIZES, side_by_side
from explorer.charts.prune import speed as chart
from explorer.export import SAVE_FIRST, TRAINED_HERE, folder_of, zipped
from explorer.i18n import _
from explorer.jobs import Report
from explorer.ui.common import jobs, pictures
from explorer.ui.common.again import run_again
from explorer.ui.common.markdown import explained
from explorer.ui.common.on_request import on_request
from explorer.ui.common.session import is_dark
from models import Model, ModelError
from models.surgery import slicing

LARGEST = 2 * 2**30
"""Bytes of a model that a browser is given; a larger one is written by the shell."""
_SECONDS = 0.5
"""Time for each batch size and model."""
PLACE = "cut out"
"""Of its job."""
_CLOSED = "_cut_out_closed"


@dataclass(frozen=True)
class Smaller:
    """What cutting does.

    Attributes:
        parameters: of the sliced model.
        speeds: batch, seconds of both models, and the gain as a share, one row per batch size that is measured.
    """

    parameters: int
    speeds: pd.DataFrame


def draw(model: Model, heads: Heads) -> None:
    """Opens the dialog: parameters without these heads at once, speeds as they are measured, and both exports.

    A run of the whole page closes it, and the end of a job asks for one: whoever opens it asks for no job meanwhile (`jobs.set_aside`). When it
    is closed the page runs again, and asks for them (`after_closing`).
    """
    # No decorator, which would translate the title once and for all viewers.
    st.dialog(_("Cut the heads out"), width="medium", on_dismiss=_close)(_dialog)(model, heads)


def after_closing() -> None:
    """Runs the page from its top where the dialog was just closed, by its cross, by Escape or by a click beside it; to be asked first.

    Less would leave the browser's clock of `_follow` running, which asks for the measuring twice a second, for as long as the page is open.
    """
    if st.session_state.pop(_CLOSED, False):
        run_again()


def _close() -> None:
    st.session_state[_CLOSED] = True


def _dialog(model: Model, heads: Heads) -> None:
    st.markdown(
        _(
            "Switching a head off computes it and drops its output. Cut out, its rows and columns leave the weights: the logits are the "
            "same and the model is smaller; how much faster it is depends on the machine, and is measured here."
        )
    )

    # The page below need not run again for each speed: the dialog looks at the job by itself.
    st.fragment(_follow, run_every=jobs.POLL_S)(model, heads)
    _downloads(model, heads)


def _follow(model: Model, heads: Heads) -> None:
    def work(report: Report) -> Smaller:
        return _measured(model, heads, report)

    key, known = ("cut out", model.number, heads), st.session_state.setdefault("_cut_out", {})
    place, below = st.container(), st.container()
    try:
        with below:
            job = jobs.ask(key, _("Measuring the speed"), work, replaces=PLACE)
    except ModelError as error:
        st.error(explained(error), icon=":material/error:")
        return
    if job is not None and (found := job.result or job.partial) is not None:
        # What was measured stays where it is stopped. Only the last heads are kept.
        known.clear()
        known[key] = found
    if key in known:
        with place:
            _report(model, len(heads), known[key])
    if job is not None and not job.over:
        with below:
            jobs.bar(job)


def _measured(model: Model, heads: Heads, report: Report) -> Smaller:
    """Slices the model, and times it beside the full one."""
    small, rows = slicing.sliced(model, by_site(heads)), []
    report(0.05, Smaller(small.parameters, pd.DataFrame(rows, columns=chart.COLUMNS)))
    for full, less in side_by_side([model, small], seconds=_SECONDS):
        rows.append((full.batch, full.seconds, less.seconds, full.seconds / less.seconds - 1))
        report(0.05 + 0.95 * len(rows) / len(BATCH_SIZES), Smaller(small.parameters, pd.DataFrame(rows, columns=chart.COLUMNS)))
    return Smaller(small.parameters, pd.DataFrame(rows, columns=chart.COLUMNS))


def _report(model: Model, n_heads: int, found: Smaller) -> None:
    left, right = st.columns([2, 5], gap="medium")
    with left:
        share, total = found.parameters / model.parameters - 1, sum(site.heads for site in model.sites)
        numbers = f"{found.parameters:,} / {model.parameters:,}"
        st.metric(_("Parameters"), f"{found.parameters / 1e6:.2f} M", f"{share:+.1%}", delta_color="off", help=numbers)
        st.metric(_("Heads"), f"{total - n_heads}", f"-{n_heads}", delta_color="off")
    with right:
        pictures.draw(chart.faster(found.speeds, SLICING, BATCH_SIZES, dark=is_dark()), "cut_out_speed")
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
                    on_request(lambda export=export: zipped(lambda folder, export=export: export(model, by_site(heads), folder))),
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
