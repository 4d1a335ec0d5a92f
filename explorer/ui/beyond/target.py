"""What is predicted, where, and which of the possible predictions is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from explorer.flow import targets
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.ui.beyond.frame import Frame
from explorer.ui.common import address, jobs
from explorer.ui.common.sidebar import Chosen

KINDS = {"class": N_("Class"), "masked": N_("Masked word"), "next": N_("Next word"), "vector": N_("Vector of the text")}


@dataclass(frozen=True)
class Choice:
    """What is asked for.

    Attributes:
        kind: of `targets.KINDS`.
        target: None while it is computed.
    """

    kind: str
    target: targets.Target | None


def choose(chosen: Chosen, frame: Frame) -> Choice:
    """Draws the choice into the frame's controls.

    Raises:
        ExplorerError: this model or this text bears no target.
    """
    possible = targets.kinds(chosen.model)
    at = None
    with frame.controls:
        kind = address.choice(st.segmented_control, _("Predicted"), {kind: KINDS[kind] for kind in possible}, "target_kind")
        if kind in ("masked", "next"):
            at = _position(chosen, kind)
        made = _target(chosen, frame, kind, at, None)
        if made is not None and made.best:
            options = {number: f"{name.strip() or repr(name)} {chance:.1%}" for number, name, chance in made.best}
            how = {"options": list(options), "format_func": options.get, "width": 170}
            number = address.entry(st.selectbox, _("Of"), "target_number", made.number, address.among(options), **how)
            if number != made.number:
                made = _target(chosen, frame, kind, at, number)
    return Choice(kind, made)


def _position(chosen: Chosen, kind: str) -> int | None:
    source = chosen.capture.source
    # Who masks a token of the frame, such as [CLS], learns nothing; after each token something may come next.
    positions = list(source.free) if kind == "masked" else list(range(len(source)))
    if not positions:
        return None
    title = _("Masked token") if kind == "masked" else _("Next after")
    return address.entry(
        st.selectbox,
        title,
        "target_at",
        targets.to_mask(chosen.model, source) if kind == "masked" else positions[-1],
        address.among(positions),
        options=positions,
        format_func=lambda i: f"{i} {source.labels[i]}",
        width=130,
    )


def _target(chosen: Chosen, frame: Frame, kind: str, at: int | None, number: int | None) -> targets.Target | None:
    def work(report: Report) -> targets.Target:
        return targets.make(chosen.model, chosen.capture, kind, at=at, number=number)

    key = ("target", chosen.model.number, chosen.capture.number, kind, at, number)
    with frame.progress:
        return jobs.computed(key, _("Predicting"), work, replaces="beyond")
