"""What a viewer takes out of the lab: the model, opened in the other pages or as files, the pictures, and the command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from explorer.export import zipped
from explorer.i18n import _
from explorer.lab.film import Example
from explorer.lab.state import State
from explorer.ui.common import address, session
from explorer.ui.common.take_away import Figure, take_away
from explorer.ui.training import film
from explorer.ui.training.runs import Entry
from models.training.runs import Snapshot

OPENED_ON = "pages/attention.py"


def draw(entry: Entry, state: State, frame: Snapshot, example: Example, figures: Sequence[Figure]) -> None:
    """The two buttons."""
    if st.button(_("Open it in the explorer"), icon=":material/open_in_new:", key="open_trained"):
        _open(entry, state, frame, example)
    model = Figure(_("The model, with its snapshots"), entry.request.preset, {"zip": lambda: _files(entry)})
    take_away([*figures, model], recipe(entry))


def recipe(entry: Entry) -> str:
    """The shell and the Python that give the same model."""
    name = entry.request.preset
    lines = [
        "# " + entry.request.command(name),
        "import models",
        "from explorer import capture",
        "",
        f"model = models.load({name!r})  # the folder",
        f"print(capture(model, {entry.film.examples[0].text!r}).pattern(0, 0))",
    ]
    return "\n".join(lines)


def _files(entry: Entry) -> bytes:
    def export(folder: Path) -> None:
        with entry.watched.still() as run:
            run.save(folder)

    return zipped(export)


def _open(entry: Entry, state: State, frame: Snapshot, example: Example) -> None:
    """The network at this frame becomes a model of this session, chosen in the sidebar, on the example of the film."""
    with entry.watched.still() as run:
        # Of now there are the weights themselves, of the past only float16.
        newest = frame.step == state.frames[-1].step == state.done
        model = run.model(None if newest else frame)
    # A name stands in the address: it is the same in every language.
    name = session.keep(replace(model, name=f"{entry.request.preset}, step {frame.step}", trained=frame.step > 0))
    layer, head = film.numbers()
    address.keep(model=name, text=example.text, pair=None, target=example.target or None, layer=layer, head=head)
    # Without its own parameters: Streamlit refuses to clear an address that widgets write to.
    st.switch_page(OPENED_ON, query_params={})
