"""The text bar on top of a page: what is read, in one line that grows; and under it the tokens that the model makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from operator import attrgetter

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.examples import EXAMPLES
from explorer.i18n import _
from explorer.reading import Tokens
from explorer.tasks.formats import decoded
from explorer.tokens import labels
from explorer.ui.common import address, model_names
from explorer.ui.common.markdown import escaped, explained
from explorer.unread import BYTES, UNKNOWN, unread, who_reads
from models import InputError, Model

_UNKNOWN_OF, _BYTES_OF = attrgetter("unknown"), attrgetter("in_bytes")
_MOST = 60
"""Chips of a text; more tokens than these are counted."""
_LONG, _FEW = 256, 20
"""Tokens of a text that is more than a page full, and chips of it: what is read there is seen beside its map."""
_FILE_MB = 1
"""Size of a text file: a long novel has less."""
_PROBLEM = "_text_file_problem"
_NAMED = 12
"""Characters that are named in a sentence."""


def texts(place: DeltaGenerator, model: Model, files: bool = False) -> tuple[str, str, str]:
    """Draws the fields for the text, and for the second text or the target where the model takes one.

    Args:
        place: where they are drawn.
        model: that reads them.
        files: with a way to read a text from a file, for a page that reads long ones.

    Returns:
        What was typed: text, second text, target; "" for what this model does not take.
    """
    pair = target = ""
    with place, st.container(horizontal=True, vertical_alignment="bottom", key="text_bar_fields"):
        text = field(_("Text"), "text", EXAMPLES[0].text, placeholder=_("Type a sentence, and press Enter"))
        if model.kind == "encoder":
            pair = field(_("Second text"), "pair", placeholder=_("Second text (none)"))
        elif model.kind == "encoder-decoder":
            target = field(_("Target"), "target", placeholder=_("Target (generated where empty)"))
        _examples()
        if files:
            _file()
    if problem := st.session_state.pop(_PROBLEM, ""):
        with place:
            st.warning(problem, icon=":material/edit:")
    _tell_gone(place)
    return text, pair, target


def field(label: str, key: str, value: str = "", *, placeholder: str) -> str:
    """One text of the bar; Enter applies it (`browser.watch` sees to that), Shift and Enter begin a new line."""
    return address.entry(st.text_area, label, key, value, placeholder=placeholder, label_visibility="collapsed", height="content")


def alone(place: DeltaGenerator, default: str) -> str:
    """The bar with one text, for a view that reads it in its own way; it is the same text on all pages."""
    with place, st.container(horizontal=True, vertical_alignment="bottom", key="text_bar_fields"):
        text = field(_("Text"), "text", default, placeholder=_("Type a text, and press Enter"))
        _examples()
    _tell_gone(place)
    return text


def _tell_gone(place: DeltaGenerator) -> None:
    """Says that another text is read than the one that the address was made for."""
    if address.text_is_gone():
        message = _(
            "The text of this address was too long to stand in it: a server keeps such a text for one page alone. It is not here, and another "
            "one is read: give it again."
        )
        place.warning(message, icon=":material/edit:")


def chips(
    place: DeltaGenerator, model: Model, sides: Sequence[Tokens], text: str, pair: str = "", target: str = "", kinds: Sequence[str] = ()
) -> None:
    """Draws the tokens of what was read, marks those that cannot be read, and says which model can.

    Args:
        sides: what each stack reads.
        kinds: of models that the page can use, as the catalogue has them; () for all.
    """
    typed = [f"{text}{pair}", target] if len(sides) > 1 else [f"{text}{pair}"]
    found = [unread(model, side, of) for side, of in zip(sides, typed, strict=False)]
    most = _MOST if max(map(len, sides)) < _LONG else _FEW
    rows = [_row(labels(side.text[: most + 1]), len(side), side.special, one.kinds, most) for side, one in zip(sides, found, strict=False)]
    with place:
        st.html(f'<div class="chips">{"<span class=next>→</span>".join(rows)}</div>')
        if max(map(len, sides)) >= _LONG:
            # What the style looks for: pictures need the room more than a text that nobody reads in a field.
            st.container(key="text_is_long").html("<i hidden></i>")
        look = next((example.look for example in EXAMPLES if example.text == text), "")
        if look:
            st.container(key="look_for").caption(_("Look for: {look}").format(look=_(look)))
        _explain(model, *(tuple(dict.fromkeys(c for one in found for c in of(one))) for of in (_UNKNOWN_OF, _BYTES_OF)), kinds)


def _row(shown: list[str], n: int, special: tuple[bool, ...], kinds: tuple[str, ...], most: int) -> str:
    titles = {UNKNOWN: _("the model does not know this"), BYTES: _("a part of a character, in bytes")}
    spans = [
        f'<span class="{kind or ("frame" if frame else "token")}" title="{escape(titles.get(kind, ""))}">{escape(token)}</span>'
        for token, frame, kind in zip(shown[:most], special, kinds, strict=False)
    ]
    more = n - most
    return "".join(spans) + (f"<span class=more>{escape(_('and {n} more').format(n=more))}</span>" if more > 0 else "")


def _explain(model: Model, unknown: tuple[str, ...], in_bytes: tuple[str, ...], usable: Sequence[str]) -> None:
    """Which characters are not read, in words, and a way to a model that reads them."""
    characters = (*unknown, *in_bytes)
    if not characters:
        return
    said = []
    if unknown:
        said.append(_("This model cannot read {characters}: it sees [UNK] instead.").format(characters=_listed(unknown)))
    if in_bytes:
        said.append(_("This model reads {characters} byte by byte.").format(characters=_listed(in_bytes)))
    other = who_reads(characters, but=model.name, kinds=usable)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f":material/help: {escaped(' '.join(said))}", width="content")
        if other:
            st.button(
                _("Read it with {model}").format(model=model_names.title(other)),
                icon=":material/swap_horiz:",
                key="read_with",
                on_click=lambda: address.write(model=other),
            )


def _listed(characters: tuple[str, ...]) -> str:
    named = " ".join(characters[:_NAMED])
    return named if len(characters) <= _NAMED else _("{characters} and {n} more").format(characters=named, n=len(characters) - _NAMED)


def _examples() -> None:
    st.selectbox(
        _("Examples"),
        range(len(EXAMPLES)),
        format_func=lambda i: _(EXAMPLES[i].title),
        index=None,
        placeholder=_("Examples"),
        key="example",
        on_change=_use_example,
        label_visibility="collapsed",
        width=170,
    )


def _file() -> None:
    """A text from a file, such as a chapter of a book."""
    about = _("Read a text file, such as a chapter of a book")
    with st.popover(about, icon=":material/upload_file:", help=about, key="text_file_open"):
        label = _("A text file, up to {n} MB").format(n=_FILE_MB)
        st.file_uploader(label, ["txt", "md"], key="text_file", max_upload_size=_FILE_MB, on_change=_use_file)


def _use_file() -> None:
    given = st.session_state["text_file"]
    if given is None:
        return
    try:
        text, _encoding = decoded(given.getvalue(), given.name)
    except InputError as error:
        st.session_state[_PROBLEM] = explained(error)
        return
    address.write(text=text.replace("\r\n", "\n"), pair=None, target=None)


def _use_example() -> None:
    chosen = st.session_state["example"]
    if chosen is not None:
        address.write(text=EXAMPLES[chosen].text, pair=EXAMPLES[chosen].pair)
