"""The address holds the view: it is read as the truth at every run, and written once for each thing that a person did.

One call of `write` makes one entry of the browser's history. Going back, the script runs with the old address, and shows what it says.
Streamlit clears the address when another page is opened. What it said is therefore also kept in the session: what pages share (model, text,
the chosen head) for all of them, and the rest for the page that it was chosen on, which may be come back to. `finish` puts what the new page has
read of it back into its address.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import get_session_state

from explorer.i18n import _, language
from explorer.ui.common import long_texts
from explorer.ui.common.long_texts import LONGEST

SHARED = (
    "lang",
    "theme",
    "stage",
    "model",
    "device",
    "dtype",
    "text",
    "pair",
    "target",
    "layer",
    "head",
    "special",
    "scale",
    "task",
    "source",
    "method",
    "pruned",
    "talk",
)
"""Names that mean the same on all pages."""
_VIEWERS = ("lang", "theme", "stage")
"""Of these, what belongs to the viewer and not to what is shown."""
_READ = ("model", "text", "pair", "target")
"""What decides which tokens there are."""
_OF_TOKENS = ("q", "k", "window", "lens_token", "lens_row")
"""What numbers tokens: it means nothing of a text that is not there any more."""
_OF_TEXT = ("window",)
"""Of these, what means nothing of another text either; a token that was chosen stays chosen while its sentence is written anew."""
_LONG = "of"
"""In an address whose text is too long to stand there: which text it was, in a few letters (`long_texts`)."""
_SENT_S = 2.0
"""Seconds in which the value of a widget has surely been sent to the browser, also on a busy machine."""
_DIGITS = 9
"""Of a number in the address; a longer one is no number of anything here."""
Value = TypeVar("Value")


def read(name: str) -> str | None:
    """What the address says, or what this viewer chose last: on any page for what pages share, else on this one; None where neither does."""
    found, kept, place = st.query_params.get(name), _kept(), _place(name)
    if name in _READ or name in _OF_TOKENS:  # of nothing else does it matter, and a long text takes a moment to be told
        _bring_back()
    if name in _OF_TOKENS and text_is_gone():
        return None
    st.session_state.setdefault("_read_names", {})[name] = None
    if not found and name in _READ and st.query_params.get(_LONG):
        found = None  # not an empty text, but one that is too long to stand there
    if found is not None:
        # What came with a link is kept, too: the next page begins without it.
        kept[place] = found
        return found
    # Going back to an address that does not name it means the default, but where it was too long for an address. An address that names
    # nothing is that of a page just opened, unless this page was looked at last: then it is what stood there before the first thing that was
    # done on it, and what had been kept by then would stand in it.
    undone = len(st.query_params) or st.session_state.get("_page_before") == _page()
    too_long = len(kept.get(place, "")) > LONGEST and (name not in _READ or bool(st.query_params.get(_LONG)))
    if _going_back() and undone and not too_long:
        kept.pop(place, None)
    return kept.get(place)


def number(name: str, default: int | None, limit: int) -> int | None:
    """A whole number, 0 to limit - 1; the default for anything else."""
    found = read(name) or ""
    return int(found) if found.isascii() and found.isdigit() and len(found) <= _DIGITS and int(found) < limit else default


def word(name: str, default: str, allowed: Sequence[str]) -> str:
    """One of the words that are allowed; the default for anything else."""
    found = read(name)
    return found if found in allowed else default


def among(options: Iterable[Value]) -> Callable[[str], Value | None]:
    """For `entry`: the one of some options that a word of the address stands for, None where there is none."""
    words = {str(option): option for option in options}
    return words.get


def write(**values: int | str | None) -> None:
    """Puts values into the address, all of them as one step; None takes one out. Nothing happens where nothing changes."""
    now = st.query_params
    if said := values.pop(_LONG, None):  # of a link that is a step of a lecture
        values |= {name: text for name, text in long_texts.known(str(said)).items() if values.get(name) is None}
    another = any(name in _READ and (value or "") != (_kept().get(_place(name)) or now.get(name, "")) for name, value in values.items())
    if meaningless := _OF_TOKENS if text_is_gone() else _OF_TEXT if another else ():
        for where, name in list(_kept()):
            if name in meaningless:
                del _kept()[where, name]
        values = dict.fromkeys(meaningless) | values
    keep(**values)
    long_texts.keep(_texts())
    values |= {_LONG: _of_long() or None}
    text = {name: None if value is None or len(str(value)) > LONGEST else str(value) for name, value in values.items()}
    gone = [name for name, value in text.items() if value is None and name in now]
    changed = {name: value for name, value in text.items() if value is not None and now.get(name) != value}
    if changed:
        # One message to the browser: each makes an entry of its history. What goes beside what comes stays as an empty word.
        now.update({**changed, **dict.fromkeys(gone, "")})
    else:
        for name in gone:
            del now[name]


def show(**values: int | str | None) -> None:
    """As `write`, and all else as at first, on this page and for what pages share: what a link to these values alone would open."""
    chosen = {name for where, name in _kept() if where in ("", _page())} | set(st.query_params)
    write(**{**dict.fromkeys(chosen - set(_VIEWERS)), **values})


def show_as_by_link(**values: int | str | None) -> None:
    """As `show`, at the beginning of a run, where the address is the truth for widgets that are bound to it, too.

    By themselves they look at it only where they are drawn for the first time, at what it was when the page was opened, or when a viewer goes
    back; and that is what Streamlit is told here.
    """
    let_go()
    # Another page begins without them, and an address without them is from now on one without a stage.
    own = {name: st.query_params.get(name) or _kept().get(_place(name)) for name in _VIEWERS}
    show(**{name: value for name, value in own.items() if value}, **values)
    if (context := get_script_run_ctx()) is not None:
        context.is_history_navigation = True
        with get_session_state().query_params() as kept:
            kept.set_initial_query_params_from_current()


def let_go() -> None:
    """At the beginning of a run, before the address is written or the page is left: what is bound to a widget lets nobody else write it, nor
    clear it. It is bound again when it is drawn."""
    if get_script_run_ctx() is not None:
        with get_session_state().query_params() as kept:
            for widget in list(kept._bindings_by_widget):
                kept.unbind_widget(widget)


def keep(**values: int | str | None) -> None:
    """As `write`, for pages that are opened next; the address of this one stays as it is."""
    for name, value in values.items():
        if value is None:
            _kept().pop(_place(name), None)
        else:
            _kept()[_place(name)] = str(value)


def begin() -> None:
    """At the start of each run of the app."""
    # In the order of reading, so that the same view always has the same address.
    st.session_state["_read_names"] = {}


def finish() -> None:
    """At its end: whatever this page has read, and its address does not hold, is put into it, as one step."""
    st.session_state["_page_before"] = _page()
    write(**_not_yet_in())


def link() -> str:
    """The whole address of what is shown, also before `finish` has put all of it there."""
    said = {name: value for name, value in shown().items() if len(value) <= LONGEST}
    parts = urlsplit(st.context.url or "")
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode(said), ""))


def shown() -> dict[str, str]:
    """All that names what is shown, also what is too long for an address."""
    return st.query_params.to_dict() | _not_yet_in()


def choice(
    draw: Callable[..., object],
    label: str,
    options: Mapping[str, str] | Sequence[str],
    name: str,
    default: str | None = None,
    **how: object,
) -> str:
    """A widget for one of several, whose name, not its title, stands in the address.

    Args:
        draw: `st.segmented_control` or `st.selectbox`, or that of a container.
        label: of the widget.
        options: titles by name, marked with `N_`: they are translated here. Names alone, where they are data, are shown as they are.
        name: in the address; the key of the widget, too.
        default: the option at first; the first one where None.
        how: more arguments of the widget.
    """
    names, titles = list(options), options if isinstance(options, Mapping) else {}
    default = default if default in names else names[0]
    if draw.__name__ == "segmented_control":
        how.setdefault("required", True)

    def named(word: str) -> str | None:
        # Links of earlier versions hold the title, in English.
        return word if word in names else next((option for option, title in titles.items() if title == word), None)

    def shown(word: str) -> str:
        return _(titles[word]) if word in titles else word

    found = entry(draw, label, name, default, named, options=names, format_func=shown, **how)
    return found if found in names else default


def entry(
    draw: Callable[..., Value],
    label: str,
    name: str,
    default: Value,
    parse: Callable[[str], Value | None] = lambda word: word,
    text: Callable[[Value], str] = str,
    **how: object,
) -> Value:
    """A widget whose value stands in the address.

    Args:
        draw: a function of Streamlit that draws a widget.
        label: of the widget.
        name: in the address; the key of the widget, too.
        default: its value where the address has none.
        parse: the value that a word of the address stands for; None for none.
        text: the word of a value.
        how: more arguments of the widget.
    """
    word = read(name)
    value = default if word is None else parse(word)
    value = default if value is None else value
    # Only where it differs: a value that is set again would overrule a click that is on its way. A page that was just opened draws the
    # widget anew, and has to be told; so does one that was told a moment ago: what Streamlit has not sent yet, it drops when the next run
    # begins (`ForwardMsgQueue.clear`), and the widget would stand there with another value than the page is drawn with.
    told: dict[str, tuple[str, float]] = st.session_state.setdefault("_told", {})
    # In another language the titles of its options are others, too; and a widget of another kind, as on a stage, knows nothing of the first.
    here, now = f"{_page()} {language()} {draw.__name__}", time.monotonic()
    page, at = told.get(name, ("", 0.0))
    if name not in st.session_state or st.session_state[name] != value or page != here or now - at < _SENT_S:
        st.session_state[name] = value
        told[name] = here, now

    def changed() -> None:
        chosen = st.session_state[name]
        # A browser sends the title that a box shows along with whatever else was done. Where another text has other titles, Streamlit finds
        # no option of that title, gives the title itself, and calls that a change: nobody chose it.
        if isinstance(chosen, str) and "options" in how and not how.get("accept_new_options") and chosen not in how["options"]:
            return
        write(**{name: text(chosen)})

    # Kept over a switch of page, so that the comparison above is with what the widget has.
    return draw(label, key=name, on_change=changed, persist_state="session", **how)


def _not_yet_in() -> dict[str, str]:
    """What this page has read of what was kept, and its address does not say."""
    read_here = [name for name in st.session_state.get("_read_names", ()) if name not in st.query_params]
    return {name: _kept()[_place(name)] for name in read_here if _place(name) in _kept()}


def number_input(label: str, *given: object, key: str, **how: object) -> float:
    """`st.number_input` whose value stands in the address by itself (`bind`). It makes a whole number of "inf" there, and raises."""
    word = st.query_params.get(key, "")
    with contextlib.suppress(ValueError):
        if not math.isfinite(float(word)):
            del st.query_params[key]
            # A widget that is drawn for the first time reads the address as it was when the page was opened.
            with get_session_state().query_params() as kept:
                kept._initial_query_params.pop(key, None)
    return st.number_input(label, *given, key=key, bind="query-params", **how)


def _of_long() -> str:
    """A few letters that stand for what is too long for the address; "" where nothing is."""
    return long_texts.letters(_texts())


def _texts() -> dict[str, str]:
    """What is read, as far as it was kept."""
    return {name: _kept().get(_place(name), "") for name in _READ}


def _bring_back() -> None:
    """An example that is too long for the address is known by its letters, on any server: a link to it opens it. So is, in this session, what
    this viewer gave."""
    said = st.query_params.get(_LONG)
    if said and text_is_gone() and (known := long_texts.known(said)):
        keep(**{name: None for name, text in _texts().items() if len(text) > LONGEST} | known)


def text_is_gone() -> bool:
    """Whether the address was written for a text that was too long for it, and that went with its session."""
    said = st.query_params.get(_LONG)
    return said is not None and said != _of_long()


def _kept() -> dict[tuple[str, str], str]:
    return st.session_state.setdefault("_kept_address", {})


def _place(name: str) -> tuple[str, str]:
    """Where a value is kept: with the page that it belongs to, "" for what pages share."""
    return "" if name in SHARED else _page(), name


def step() -> tuple[str, str] | None:
    """The page and the step of the lecture that is played; None where none is."""
    number = read("talk")
    return (_page(), number) if number else None


def _page() -> str:
    context = get_script_run_ctx()
    return "" if context is None else context.page_script_hash


def _going_back() -> bool:
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
