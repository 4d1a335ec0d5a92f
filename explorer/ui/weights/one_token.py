"""What one token, typed by the viewer, does at a head."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.charts.weights.words import words
from explorer.i18n import _
from explorer.tokens import written_out
from explorer.ui.common import address, pictures, stage
from explorer.ui.common.markdown import explained
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.weights.read import Read, of_token
from explorer.weights import head as reading
from explorer.weights.head import Words
from explorer.weights.one import OneHead
from models import InputError

_FIRST = (" the", "the", "的")
"""Tokens that most vocabularies have one of: the first that there is stands in the field at first."""
_HALL = {"width": 72}
"""Room for the bars on the stage, in pixels: a head stands beside the graph, and its bars beside its pairs, or below them beside another head."""


def choose(read: Read) -> int | None:
    """The field for the token; its id, or None where there is none, and the page says why."""
    vocabulary, tokenizer = read.weights.model.tokenizer.get_vocab(), read.weights.model.tokenizer
    known = next((word for word in _FIRST if len(reading.pieces(read.weights, word)) == 1), None)
    known = known if known is not None and reading.pieces(read.weights, known) != [tokenizer.unk_token_id] else None
    ordinary = (word for word in vocabulary if word not in tokenizer.all_special_tokens)
    first = known if known is not None else next(ordinary, "")
    about = _("The first token of what is typed counts; a space before a word makes another token of it where the tokenizer tells them apart.")
    typed = address.entry(st.text_input, _("A token"), "token", first, max_chars=100, help=about, width=200)
    try:
        return reading.token_of(read.weights, typed)
    except InputError as error:
        st.warning(explained(error), icon=":material/edit:")
        return None


def draw(read: Read, of: OneHead, token: int | None, slot: str, wide: bool) -> list[Figure]:
    """The token's words and keys."""
    found = None if token is None else of_token(read, of, token, slot)
    if found is None:
        return []
    figures = []
    name = written_out([found.name])[0]
    places = st.columns(2, gap="small") if wide else (st.container(), st.container())
    for place, kind, title, what, made in (
        (places[0], "words", _("{token}, attended to, makes").format(token=name), _("logit, above the mean word"), found.words),
        (places[1], "keys", _("{token} looks for").format(token=name), _("score"), found.keys),
    ):
        if made is None:
            continue
        with place:
            figures.append(_bars(read, made, title, what, f"{kind}-{slot}-layer{of.layer}-head{of.head}"))
    return figures


def _bars(read: Read, made: Words, title: str, what: str, name: str) -> Figure:
    half = min(len(made.more), 10)
    ids = [*made.more[:half], *made.less[:half][::-1]]
    values = np.concatenate([made.most[:half], made.least[:half][::-1]])
    names = written_out(reading.named(read.weights, ids))

    def picture(dark: bool, width: int = 190) -> Picture:
        return words(names, values, title=title, what=what, width=width, height=330, dark=dark)

    pictures.draw(picture(is_dark(), **stage.room(_HALL)), f"weights_{name}")
    table = pd.DataFrame({"token": names, "value": values})
    files = picture_files(lambda: picture(False)) | {"csv": lambda: export.table_csv(table, index=False)}
    return Figure(title, name, files)
