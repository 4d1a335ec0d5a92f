"""Every word on a page is translated when it is shown, once: pages in a language that puts marks around each message."""

import dataclasses
import gettext
import itertools
import json
import re
from collections.abc import Collection, Iterator
from string import Formatter

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from explorer import i18n
from explorer.ablation.published import PRUNING
from explorer.atlas import shipped
from explorer.claims import words as of_claims
from explorer.lab.request import switches, task_fields
from explorer.lectures import words as of_lectures
from explorer.positions import extrapolation
from explorer.scores.definitions import ALL
from explorer.tasks import data
from explorer.ui.atlas.choices import EXAMPLES as EXAMPLES_OF_CONDITIONS
from explorer.ui.positions.order import EXAMPLES
from models import CATALOGUE
from models.opening.devices import devices
from models.opening.loading import DTYPES
from models.toy import CHOICES
from models.training.presets import PRESETS
from models.training.settings import Settings
from tests.pages.shared import alone, charts, opened, settle, within

NUMBERS = "12 7 12 31"
"""A text without words: whatever is a word on the page is then one of the page, or one that a model made."""
SHOWN = {"label", "help", "placeholder", "body", "options", "content", "text", "title", "delta"}
"""Fields of Streamlit's messages that a viewer reads."""
TOKENS = {"model", "other_model", "target_number", "parts_number", "parts_against"}
"""Keys of widgets whose options are names of models, and tokens."""
GIVEN = {"words", "word_names", "relation_names", "line_names", "colour_names", "divisor_kind", "scheme", "box_schemes", "formulas"}
"""Parameters of charts that hold data."""
NAMES = {
    *("auto", "zip", "obj", "split", "heads.json.units", *devices(), *DTYPES),
    *itertools.chain(PRESETS, switches(), *CHOICES.values()),
    *(field.name for preset in PRESETS.values() for field in task_fields(preset.task)),
    *(field.name for field in dataclasses.fields(Settings)),
}
"""What may stand alone: names of settings and files as the shell takes them, of a relation of Universal Dependencies."""
QUOTED = [
    *(name for entry in CATALOGUE for name in (entry.title, entry.name)),
    *(f"{device} {dtype}" for device in devices() for dtype in DTYPES),
    *{score.source for score in ALL} | {mark.source for mark in PRUNING},
    *(f"**{name}" for name in data.sentiment().labels),
    *(*EXAMPLES, extrapolation.shipped().command),
    *(f"**{scheme}**" for scheme in extrapolation.NOTES),
]
"""What may stand among words."""
MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
TWICE = re.compile(r"⟦[^⟧]*⟦")
WORD = re.compile(r"[^\W\d_]{2,}")
NO_WORDS = re.compile(
    r"\[(CLS|SEP|MASK)\]|&ensp;|^/course\?\S+$|:material/\w+:|:(small|gray|orange-background)\[|\"[^\"]*\"|data:image/png;base64|\w+_\w+|"
    r"\b(PNG|SVG|CSV|NPZ|ZIP|HTML)\b"
)
"""Marks of Markdown, an address, quoted columns, names with an underscore, kinds of files."""
VIEWS = [
    "attention",
    "attention view=numbers head=mean pair=12",
    "heads",
    "heads heads=table",
    "heads heads=roles",
    "heads heads=families coloured=role",
    "heads heads=layers",
    "heads heads=scatter",
    "syntax",
    "weights",
    "weights model=bert-mini look=write layer=2 head=6 edge=k.1.6 measure=previous token=7",
    "weights look=directions measure=induction",
    "beyond beyond=tokens",
    "beyond beyond=lens model=gpt2-mini",
    "beyond beyond=lens",
    "beyond beyond=parts model=gpt2-mini",
    "compare compare=word into=9",
    "compare compare=pruned",
    "prune limit=7 pruned=0.1,0.2,1.3,1.4,1.5,2.3",
    "importance limit=7",
    "training lab_over=roles lab_shown=one",
    "training lab_over=gradients",
    "softmax softmax=vectors",
    "softmax softmax=model look=scores",
    "softmax softmax=model look=uniform",
    "positions positions=where",
    "positions positions=tables",
    "positions positions=order",
    "positions positions=terms",
    "positions positions=extrapolation",
]


class Marking(gettext.NullTranslations):
    """A language in which each message, and each part of it between places that are filled in, stands between marks."""

    def gettext(self, message: str) -> str:
        parts = list(Formatter().parse(message))
        if all(name is None for _before, name, _form, _how in parts):
            return f"⟦{message}⟧"
        return "".join(_marked(before) + _place(name, form, how) for before, name, form, how in parts)

    def info(self) -> dict[str, str]:
        return {"language": "marks"}


def _marked(words: str) -> str:
    return (f"⟦{words}⟧" if re.search(r"[^\W\d_]", words) else words).replace("{", "{{").replace("}", "}}")


def _place(name: str | None, form: str | None, how: str | None) -> str:
    return "" if name is None else "{" + name + (f"!{how}" if how else "") + (f":{form}" if form else "") + "}"


@pytest.fixture(autouse=True)
def marks(monkeypatch):
    """Put in place after everything was imported, as the language of the next viewer is."""
    monkeypatch.setattr(i18n, "translation", lambda _language: Marking())
    monkeypatch.setattr(i18n, "_asked", lambda: "marks")


@pytest.mark.parametrize("view", VIEWS)
def test_every_word_of_a_page_is_translated_once(view):
    page, *named = view.split()
    address = dict(one.split("=") for one in named)
    # These have links to another page, which only the whole app knows.
    whole = page in ("attention", "heads", "syntax", "weights")
    text = {} if page == "syntax" else {"text": NUMBERS}
    app = within(page, **text | address) if whole else alone(page, **text | address)
    assert_translated(app)


@pytest.mark.parametrize(
    "view", ["", "atlas_view=relations", "atlas_shows=metrics atlas_colour=role", "atlas_shows=texts", "atlas_shows=distances atlas_view=changed"]
)
def test_every_word_of_an_atlas_is_translated_once(view):
    app = opened("atlas", model="gpt2-mini", layer="1", head="3", **dict(one.split("=") for one in view.split()))
    # Names of relations and of metrics, examples of conditions, and beginnings of texts.
    read = shipped.opened("gpt2-mini")
    given = {*read.edges["relation"], *WORD.findall(" ".join(read.metrics_in("decoder"))), *WORD.findall(" ".join(EXAMPLES_OF_CONDITIONS))}
    given |= {word for link in app.get("page_link") for word in WORD.findall(link.proto.label.partition("⟧")[2])} if "texts" in view else set()
    assert_translated(app, given)


def test_every_word_about_a_token_that_was_made_is_translated_once():
    app = alone("generate", text=NUMBERS, model="gpt2-mini", tokens="1")
    assert len(charts(app)) == 2
    made = [text for spec in charts(app) for param in spec["params"] for text in _texts_in(param.get("value"))]
    assert_translated(app, {word for text in made for word in WORD.findall(text)})


@pytest.fixture
def in_files(monkeypatch, tmp_path) -> set[str]:
    """Words of claims and demos, which stand in a file for each language; for the one with the marks these are the English ones."""
    told: set[str] = set()
    for number, module in enumerate((of_claims, of_lectures)):
        folder = tmp_path / str(number)
        folder.mkdir()
        # A search looks into those of every language.
        for name, language in (("marks", "en"), *((one.name, one.name) for one in module.FOLDER.iterdir() if one.is_dir())):
            (folder / name).symlink_to(module.FOLDER / language)
        told |= {word for file in (folder / "marks").iterdir() for word in WORD.findall(file.read_text(encoding="utf-8"))}
        monkeypatch.setattr(module, "FOLDER", folder)
    return told


@pytest.mark.parametrize("address", [{}, {"claim": "C3", "shown": "1"}, {"votes": "1"}])
def test_every_word_around_claims_is_translated_once(in_files, address):
    assert_translated(opened("claims", **address), in_files, most=1)


def test_every_word_of_a_lecture_is_translated_once(in_files):
    app = opened("talk")
    settle(app.text_input(key="talk_address").set_value("/softmax?softmax=vectors").run())
    settle(app.button(key="talk_words").click().run())
    assert_translated(app, in_files)


def test_a_forgotten_and_a_repeated_translation_are_found():
    assert bare("⟦Layer⟧ 0, head 1") == ["head"] and bare(f"⟦Layer⟧ 0 :small[{CATALOGUE[0].name}]") == []
    message = i18n._("{model} has {kind}.").format(model=CATALOGUE[0].name, kind="no positions")
    assert bare(message) == ["no", "positions"]
    assert not TWICE.search(i18n._("from {a} to {b}").format(a=i18n._("one"), b=i18n._("two"))) and TWICE.search(i18n._(i18n._("one")))


def assert_translated(app: AppTest, tokens: Collection[str] = (), most: int = 20) -> None:
    """Nothing on the page is a word that was not translated, or one that was translated twice.

    Args:
        app: the page.
        tokens: words of a model that are on it.
        most: more messages than this are on it.
    """
    assert not app.exception
    specs = charts(app)
    every = [*said(app), *headers(app), *((f"chart {where}", text) for spec in specs for where, text in drawn(spec))]
    assert sum("⟦" in text for _where, text in every) > most
    assert not {(where, text): words for where, text in every if (words := bare(text, tokens))}
    whole = [text for _where, text in every] + [json.dumps(spec, ensure_ascii=False) for spec in specs]
    assert not [text for text in whole if TWICE.search(text)]
    assert "⟦" not in f"{app.query_params} {[code.value for code in app.code]}", "an address and a recipe are the same in every language"


def bare(text: str, tokens: Collection[str] = ()) -> list[str]:
    """Words that were not translated."""
    rest = text.replace("\\", "")
    for quoted in sorted(QUOTED, key=len, reverse=True):
        rest = rest.replace(quoted, " ")
    rest = NO_WORDS.sub(" ", MARKED.sub(" ", rest))
    return [] if rest.strip(" #*:,.]") in NAMES else [word for word in WORD.findall(rest) if word not in tokens]


def said(app: AppTest) -> Iterator[tuple[str, str]]:
    """Where it stands and what it says, of every text of a page outside its charts."""
    for node in app._tree:
        if isinstance(getattr(node, "proto", None), Message) and node.type not in ("code", "html", "latex"):
            is_data = getattr(node, "key", None) in TOKENS
            yield from ((f"{node.type} {where}", text) for where, text in _texts(node.proto) if not (is_data and where == "options"))


def _texts(message: Message) -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        for one in value if field.is_repeated else [value]:
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                yield from _texts(one)
            elif field.type == FieldDescriptor.TYPE_STRING and field.name in SHOWN:
                yield field.name, one


def headers(app: AppTest) -> Iterator[tuple[str, str]]:
    """What stands above the columns of tables."""
    for frame in app.dataframe:
        named = json.loads(frame.proto.columns or "{}")
        yield from (("column", named.get(name, {}).get("label") or name) for name in map(str, frame.value.columns))


def drawn(spec: object) -> Iterator[tuple[str, str]]:
    """The same of a chart: titles, names of inputs and of what can be chosen in them, words in expressions and in parameters."""
    if isinstance(spec, list):
        for part in spec:
            yield from drawn(part)
    elif isinstance(spec, dict):
        for name, value in spec.items():
            if name in ("title", "subtitle", "text") and isinstance(value, str):
                yield name, value
            elif name in ("calculate", "labelExpr", "expr") and isinstance(value, str):
                # A text that something is compared with is a name.
                yield from ((name, text) for compared, text in re.findall(r"(=== )?'([^']*)'", value) if not compared)
            elif name == "bind" and isinstance(value, dict):
                yield from ((f"bind {of}", text) for of in ("name", "labels") for text in _texts_in(value.get(of)))
            elif name == "params":
                yield from (("parameter", text) for param in value if param["name"] not in GIVEN for text in _texts_in(param.get("value")))
                yield from drawn(value)
            elif name not in ("datasets", "value"):
                yield from drawn(value)


def _texts_in(value: object) -> list[str]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value] if isinstance(value, str) else [text for one in inside for text in _texts_in(one)]
