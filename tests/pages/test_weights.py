"""What the weights say, as Streamlit runs it, without a browser: what is drawn is what `explorer.weights` computes, for any model and head."""

import json
import threading
from types import SimpleNamespace
from urllib.parse import parse_qs

import numpy as np
import pytest

import models
from explorer.bounded import BoundedCache
from explorer.ui.common import model_names
from explorer.ui.weights import choice, read
from explorer.weights import copying
from explorer.weights import head as reading
from explorer.weights.opened import NOTES, opened
from explorer.weights.survey import survey
from tests import tiny
from tests.pages.shared import charts, run_recipe, settle, shared, table, written
from tests.pages.shared import opened as page

BOARD = {"row", "head", "value", "removed"}
NODES = {"layer", "head", "writes"}
LINES = {"kind", "from_layer", "from_head", "layer", "head", "value"}


def board(app) -> np.ndarray:
    """The values of the board, (layers, heads)."""
    return table(app, BOARD, 1).pivot(index="row", columns="head", values="value").to_numpy()


def lines(app) -> list[tuple]:
    """Lines of the graph, strongest first."""
    rows = table(app, LINES, 0).sort_values("value", ascending=False)
    return [(r.kind, (r.from_layer, r.from_head), (r.layer, r.head), pytest.approx(r.value, abs=1e-6)) for r in rows.itertuples()]


def pairs(app, number: int = 0) -> list[tuple[str, str]]:
    rows = app.dataframe[number].value
    return list(zip(rows.iloc[:, 0], rows.iloc[:, 1], strict=True))


def shown(weights, ids) -> list[str]:
    return [name.replace(" ", "␣").replace("\n", "⏎") for name in reading.named(weights, ids)]


@pytest.mark.parametrize("asked", [{}, {"model": "translate-mini", "part": "cross", "layer": "1", "head": "2"}])
def test_links_open_this_model_and_head_on_other_pages(asked) -> None:
    app = page("weights", **asked)
    found = [parse_qs(link.proto.query_string) for link in app.get("page_link")]
    expected = {"model": [asked.get("model", "gpt2-mini")], "layer": [asked.get("layer", "0")], "head": [asked.get("head", "0")]}
    assert len(found) == 3 and all(expected.items() <= link.items() and link.get("part", [""])[0] == asked.get("part", "") for link in found)


def test_all_is_that_of_the_model_and_of_the_head() -> None:
    app = page("weights", model="gpt2-mini")
    for name, head in (("gpt2-mini", (0, 0)), ("bert-mini", (0, 0)), ("bert-mini", (2, 6))):
        if app.selectbox(key="model").value != name:
            settle(app.selectbox(key="model").set_value(name).run())
        if head != (0, 0):
            app.query_params["layer"], app.query_params["head"] = str(head[0]), str(head[1])
            settle(app.run())
        assert not app.exception
        weights = opened(models.load(name, device="cpu"))
        found = survey(weights)
        np.testing.assert_allclose(board(app), found.copying, atol=1e-4)
        expected = [(e.kind, e.writer, e.reader, e.value) for e in found.composition.edges(most=20)]
        assert lines(app) == expected
        matched = reading.matched(weights, *head)
        assert pairs(app) == list(zip(shown(weights, matched.rows), shown(weights, matched.columns), strict=True))
        curve = table(app, {"head", "offset", "score", "own"}, 2)
        own = found.distances.curves[head]
        np.testing.assert_allclose(curve[curve["own"] == 1]["score"], own - np.nanmean(own), atol=1e-3)
        for note in weights.notes(weights.site(*head)):
            assert NOTES[note] in written(app)


def test_what_a_token_does_is_that_of_the_token() -> None:
    app = page("weights", model="bert-mini", look="write", layer="1", head="6")
    weights = opened(models.load("bert-mini", device="cpu"))
    assert app.text_input(key="token").value == " the"
    for typed in (" the", " commun"):
        settle(app.text_input(key="token").set_value(typed).run())
        words = reading.promoted(weights, reading.token_of(weights, typed), 1, 6, top=10)
        bars = table(app, {"i", "value"}, 2)
        np.testing.assert_allclose(bars["value"], [*words.most, *words.least[::-1]], atol=1e-3)
        (param,) = (one for one in charts(app)[2]["params"] if one["name"] == "word_names")
        assert param["value"][0] == shown(weights, words.more[:1])[0]
    assert param["value"][0] == "ities", "a head that looks one token back finishes the word"
    moved = reading.moved(weights, 1, 6)
    assert pairs(app)[0] == (shown(weights, moved.rows[:1])[0], shown(weights, moved.columns[:1])[0])
    recipe, printed = run_recipe(app)
    assert "promoted" in recipe and "Edge(" in printed
    settle(app.text_input(key="token").set_value("").run())
    assert not app.exception and "There is no token" in written(app)


def test_a_line_opens_both_of_its_heads_and_another_head_leaves_it() -> None:
    app = page("weights", model="bert-mini", layer="2", head="6", edge="k.1.6", lines="k", most="5")
    assert not app.exception
    assert len(lines(app)) == 5 and {line[0] for line in lines(app)} == {"k"}
    assert "**Layer 1, head 6**" in written(app) and "**Layer 2, head 6**" in written(app)
    assert "writes" in written(app) and "reads with its keys" in written(app)
    weights = opened(models.load("bert-mini", device="cpu"))
    for number, head in enumerate(((1, 6), (2, 6))):
        matched = reading.matched(weights, *head)
        assert pairs(app, number)[0] == (shown(weights, matched.rows[:1])[0], shown(weights, matched.columns[:1])[0])
    app.query_params["edge"] = "k.4.1"  # a head above cannot write to one below
    settle(app.run())
    assert len(app.dataframe) == 1 and shared(app, "layer") == "2"


def test_the_strongest_lines_of_a_head_are_named_and_open_both() -> None:
    found = survey(opened(models.load("gpt2-mini", device="cpu"))).composition
    for kinds, head in ((("q", "k", "v"), (2, 4)), (("k",), (3, 0))):
        asked = {} if len(kinds) == 3 else {"lines": kinds[0]}
        app = page("weights", model="gpt2-mini", layer=str(head[0]), head=str(head[1]), **asked)
        named = [button for button in app.button if str(button.key).startswith("neighbour_")]
        reads, read_by = found.of_head(head, kinds), found.of_head(head, kinds, writes=True, most=2)
        assert [button.label for button in named] == [
            f"{edge.kind.upper()} {other[0]}.{other[1]} {edge.value:+.3f}"
            for edges, end in ((reads, "writer"), (read_by, "reader"))
            for edge in edges
            for other in [getattr(edge, end)]
        ]
        assert reads and read_by and f"{head[0]}.{head[1]} reads most of:" in written(app)
    below, before = reads[0].writer, lines(app)
    settle(named[0].click().run())
    # The line is drawn, also where it is none of the strongest.
    opened_ = (reads[0].kind, below, head, pytest.approx(reads[0].value, abs=1e-6))
    assert opened_ in lines(app) and len(lines(app)) == len(before) + (opened_ not in before)
    assert not app.exception and f"**Layer {below[0]}, head {below[1]}**" in written(app) and "reads with its keys" in written(app)
    # And marked among the buttons, also where it is none of the strongest of its head.
    assert marked(app) == [named[0].label] and len(reads) == 3
    weakest = found.of_head(head, kinds, most=1000)[-1]
    app.query_params["edge"] = f"k.{weakest.writer[0]}.{weakest.writer[1]}"
    settle(app.run())
    expected = f"K {weakest.writer[0]}.{weakest.writer[1]} {weakest.value:+.3f}"
    assert expected not in [one.label for one in named] and marked(app) == [expected]
    assert len([one for one in app.button if str(one.key).startswith("neighbour_")]) == len(named)


def marked(app) -> list[str]:
    """Buttons of lines that are marked as opened."""
    return [one.label for one in app.button if str(one.key).startswith("neighbour_") and one.proto.type == "primary"]


def test_on_the_stage_a_line_is_opened_by_a_button_too() -> None:
    app = page("weights", model="gpt2-mini", layer="3", head="0", lines="k", stage="1")
    below = survey(opened(models.load("gpt2-mini", device="cpu"))).composition.of_head((3, 0), ("k",))[0].writer
    named = [one for one in app.button if str(one.key).startswith("neighbour_")]
    settle(named[0].click().run())
    assert not app.exception and f"**Layer {below[0]}, head {below[1]}** :small[writes" in written(app)
    assert marked(app) == [f"K {below[0]}.{below[1]}"] == [named[0].label]


def test_on_the_stage_both_ends_of_a_direction_are_seen() -> None:
    app = page("weights", stage="1", look="directions")
    for column, title in ((json.loads(frame.proto.columns), frame.value.columns) for frame in app.dataframe[:2]):
        # As wide as what stands beside the graph; of a number the browser makes 75.
        widths = [{"small": 75}.get(width := column[name].get("width"), width) for name in title]
        assert sum(widths) < 490, "the last column is within the table"


def test_while_the_reader_of_a_line_is_computed_no_other_head_stands_in_its_place(monkeypatch) -> None:
    app = page("weights", model="gpt2-mini", layer="0", head="0")
    found = survey(opened(models.load("gpt2-mini", device="cpu"))).composition
    reader = found.of_head((0, 0), ("q", "k", "v"), writes=True, most=2)[0].reader
    compute, go_on = read.one_head, threading.Event()

    def slow(weights, layer, head, *given, **named):
        assert (layer, head) != reader or go_on.wait(60)
        return compute(weights, layer, head, *given, **named)

    monkeypatch.setattr(read, "_KEPT", BoundedCache(read.KEPT_BYTES))
    monkeypatch.setattr(read, "one_head", slow)
    try:
        settle(app.run())  # the head that will write is known, as it is to a visitor
        button = next(one for one in app.button if str(one.key).startswith("neighbour_") and one.key.endswith("0_0_{}_{}".format(*reader)))
        button.click().run()
        assert not app.exception
        assert "**Layer 0, head 0** :small[writes" in written(app) and len(app.dataframe) == 1
        assert "Still shown" not in written(app) and "reads with its" not in written(app)
        assert f"Layer {reader[0]}, head {reader[1]}" in app.get("progress")[0].proto.text
    finally:
        go_on.set()
    settle(app)
    assert not app.exception and "**Layer {}, head {}** :small[reads with its".format(*reader) in written(app) and len(app.dataframe) == 2


def test_heads_of_two_parts_with_one_number_are_taken_away_under_two_names() -> None:
    app = page("weights", model="translate-mini", part="cross", layer="3", head="2", writers="encoder", edge="k.3.2.encoder")
    assert not app.exception
    assert {"take_csv_matched-encoder-layer3-head2", "take_csv_matched-cross-layer3-head2"} <= {one.key for one in app.get("download_button")}


def test_the_tokens_that_a_head_copies_are_named() -> None:
    weights = opened(models.load("gpt2-mini", device="cpu"))
    for head in ((0, 3), (3, 1)):
        found = copying.copied(weights, *head)
        app = page("weights", model="gpt2-mini", layer=str(head[0]), head=str(head[1]), look="write")
        name = shown(weights, found.ids[:1])[0]
        said = f'{found.share:.0%} make themselves likelier than the mean word; most of all: "{name}" ({found.values[0]:+.2f})'
        assert said in written(app).replace("\\", "")


@pytest.mark.parametrize("look", ["match", "write", "directions"])
def test_a_model_without_words_says_so_and_shows_the_rest(look) -> None:
    app = page("weights", model="all-MiniLM-L6-v2", look=look, measure="copying" if look == "match" else "previous")
    assert not app.exception
    # On the board where copying is asked for, else in the head's own panel.
    assert any("predicts no words" in one.value for one in app.info)
    assert len(lines(app)) == 20


def test_tokens_as_they_arrive() -> None:
    app = page("weights", model="gpt2-mini", tokens="arriving", layer="1", head="4")
    weights = opened(models.load("gpt2-mini", device="cpu"), arriving=True)
    np.testing.assert_allclose(board(app), survey(weights).copying, atol=1e-4)
    assert board(app)[1].min() > 0.5, "in this layer all heads copy what arrives"
    assert NOTES["arriving"] in written(app) and "arriving=True" in run_recipe(app)[0]


def test_parts_of_a_translator() -> None:
    app = page("weights", model="translate-mini", part="cross", measure="previous")
    assert not app.exception and "knows no distance" in written(app)
    assert {line[0] for line in lines(app)} <= {"q"} and not table(app, NODES, 0)["writes"].any()
    found = {one.writers: one for one in survey(opened(models.load("translate-mini", device="cpu")), "cross").between}
    assert list(found) == ["encoder", "decoder"]
    for writers, one in found.items():
        settle(app.segmented_control(key="writers").set_value(writers).run())
        assert not app.exception
        assert lines(app) == [(edge.kind, edge.writer, edge.reader, edge.value) for edge in one.edges(most=20)]
        assert table(app, NODES, 0)["writes"].sum() == 4 * 8, "the heads that write stand there, too"
        recipe, printed = run_recipe(app)
        assert f"one.writers == {writers!r}" in recipe and f"{one.edges(most=1)[0].value}"[:8] in printed
    settle(app.segmented_control(key="part").set_value("decoder").run())
    weights = opened(models.load("translate-mini", device="cpu"))
    np.testing.assert_allclose(board(app), survey(weights, "decoder").distances.previous, atol=1e-4)
    # Heads of the encoder write nothing that these read.
    assert app.segmented_control(key="writers").options == ["decoder", "cross: decoder to encoder"]
    settle(app.segmented_control(key="part").set_value("encoder").run())
    assert not app.exception and "writers" not in {control.key for control in app.segmented_control}


def test_a_line_between_parts_opens_a_head_of_each() -> None:
    app = page("weights", model="translate-mini", part="cross", layer="3", head="7", writers="encoder", edge="k.1.6.encoder")
    assert not app.exception
    assert "**Layer 1, head 6** :small[encoder · writes" in written(app)
    assert "**Layer 3, head 7** :small[cross · reads with its keys" in written(app)
    weights = opened(models.load("translate-mini", device="cpu"))
    for number, head in enumerate(((1, 6, "encoder"), (3, 7, "cross"))):
        matched = reading.matched(weights, *head)
        assert pairs(app, number)[0] == (shown(weights, matched.rows[:1])[0], shown(weights, matched.columns[:1])[0])
    # What encoders write is no query of theirs; there is no such head, and no such part.
    for nothing in ("q.1.6.encoder", "k.9.6.encoder", "k.1.6.nobody", "k.1.6"):
        app.query_params["edge"] = nothing
        settle(app.run())
        assert not app.exception and "encoder · writes" not in written(app) and "**Layer 3, head 7**" in written(app)


def test_what_cannot_be_read_is_said(tmp_path, monkeypatch) -> None:
    folders = {name: str(tiny.save(name, tmp_path / name)) for name in ("falcon", "toy_mean")}
    # AppTest cannot run a page twice whose model was typed: here it is in the list.
    names = model_names.names
    monkeypatch.setattr(model_names, "names", lambda: [*names(), *folders.values()])
    for name, said in (("falcon", "view-only"), ("toy_mean", "head by head")):
        app = page("weights", model=folders[name])
        assert not app.exception and said in written(app)


def test_clicks_in_the_graph(monkeypatch) -> None:
    written_, found = [], SimpleNamespace(part="cross", writers="cross")
    monkeypatch.setattr(choice.address, "write", lambda **values: written_.append(values))
    line = {"kind": "k", "from_layer": 0, "from_head": 1, "layer": 2, "head": 3}
    before = ((0, 0), None)
    assert choice.picked({"edge": [line], "at": [{"layer": 0, "head": 0}]}, before, found) == ((2, 3), ("k", (0, 1), (2, 3), "cross"))
    assert written_.pop() == {"layer": 2, "head": "3", "edge": "k.0.1"}
    # The browser keeps the line selected while a head is clicked.
    before = ((2, 3), ("k", (0, 1), (2, 3), "cross"))
    assert choice.picked({"edge": [line], "at": [{"layer": 1, "head": 1}]}, before, found) == ((1, 1), None)
    assert written_.pop() == {"layer": 1, "head": "1", "edge": None}
    assert choice.picked({"edge": [], "at": []}, before, found) is None and not written_
    # Of heads of two parts: the line tells them apart, and one that only writes is looked at in its own part.
    found.writers = "encoder"
    assert choice.picked({"edge": [line], "at": []}, before, found) == ((2, 3), ("k", (0, 1), (2, 3), "encoder"))
    assert written_.pop() == {"layer": 2, "head": "3", "edge": "k.0.1.encoder"}
    assert choice.picked({"edge": [], "at": [{"layer": 2, "head": 3, "writes": 1}]}, before, found) == ((2, 3), None)
    assert written_.pop() == {"layer": 2, "head": "3", "edge": None, "part": "encoder", "writers": None}


def test_nothing_is_read_twice(monkeypatch) -> None:
    page("weights", model="gpt2-mini")
    monkeypatch.setattr(read, "survey", lambda *_given: pytest.fail("it was read before"))
    assert not page("weights", model="gpt2-mini").exception


def test_pairs_at_a_distance(tmp_path, monkeypatch) -> None:
    folder = str(tiny.save("llama", tmp_path / "llama"))
    names = model_names.names
    monkeypatch.setattr(model_names, "names", lambda: [*names(), folder])
    app = page("weights", model=folder, layer="1", head="2", distance="3")
    assert not app.exception and "3 before the query" in written(app) and "distance=3" in run_recipe(app)[0]
    weights = opened(models.load(folder, device="cpu"))
    for distance in (3, 5):
        if distance != 3:
            settle(app.slider(key="distance").set_value(distance).run())
        found = reading.matched(weights, 1, 2, distance=distance)
        assert pairs(app) == list(zip(shown(weights, found.rows), shown(weights, found.columns), strict=True))
    app = page("weights", model="gpt2-mini")
    assert "distance" not in {slider.key for slider in app.slider}


def test_a_title_that_a_browser_sends_back_in_the_language_of_before_is_that_model():
    app = page("weights", lang="zh", model="GPT-2 mini (trained here)")
    assert app.selectbox(key="model").value == "gpt2-mini" and not app.error
