"""Beside the map of a long text: the text in the colours of a token's weights, a word to find, edges that stand out."""

import pytest

import explorer
import models
from explorer.charts.common import palette
from explorer.edges import edges, occurrences
from explorer.reading import Tokens
from explorer.tiles import Window
from explorer.ui.attention import far_map, far_text
from explorer.ui.common import address
from tests import tiny
from tests.pages.shared import component, settle, started, written

WORDS = 1100
pytestmark = pytest.mark.usefixtures("listed")


@pytest.fixture(scope="module")
def captured(long_folder):
    return explorer.capture(models.load(long_folder, device="cpu"), tiny.long_text(WORDS))


def shown(long_folder, **address_):
    return started(model=long_folder, text=tiny.long_text(WORDS), layer="1", head="2", **address_)


@pytest.mark.parametrize(("scale", "gamma"), [("fixed", 1.0), ("root", 0.4), ("own", 1.0)])
@pytest.mark.parametrize("head", ["2", "max"])
def test_each_token_has_the_colour_of_its_weight(long_folder, captured, scale, gamma, head):
    app = (
        shown(long_folder, q="900", scale=scale)
        if head == "2"
        else started(model=long_folder, text=tiny.long_text(WORDS), layer="1", head=head, q="900", scale=scale)
    )
    told = component(app, "far_text")
    weights = captured.pattern(1, 2)[900] if head == "2" else captured.maximum(1)[900]
    top = weights.max() if scale == "own" else 1.0
    assert not app.exception and len(told["tokens"]) == far_text.TOKENS and told["query"] == 900
    for text, i, fill, ink, title, _ends in told["tokens"]:
        step = round(float(weights[i] / top) ** gamma * 255)
        assert text.strip() == captured.tokens[i]
        assert (fill or palette.hexadecimal(palette.table()[0])) == palette.hexadecimal(palette.table()[step])
        assert title == (f"{i}: {weights[i]:.4f}" if i <= 900 else f"{i}: masked") and (not fill or ink in ("#000000", "#ffffff"))
    best = int(weights.argmax())
    assert f"({best:,}) {weights[best]:.2f}" in written(app)


@pytest.mark.parametrize(
    ("address_", "first"),
    [
        ({}, 0),
        ({"q": "900"}, 700),
        ({"q": "900", "k": "300"}, 100),
        ({"q": "3"}, 0),
        ({"q": "1099"}, 700),
        ({"window": "600-700_500-600"}, 350),
        ({"q": "77777"}, 0),
    ],
)
def test_the_part_of_the_text_is_around_what_is_looked_at(long_folder, address_, first):
    app = shown(long_folder, **address_)
    told = component(app, "far_text")
    assert not app.exception and told["first"] == first and [one[1] for one in told["tokens"]] == list(range(first, first + far_text.TOKENS))
    assert ("Click into the map" in written(app)) == (address_.get("q") not in ("900", "3", "1099"))


def test_a_word_is_found_and_gone_to_forward_and_back(long_folder, captured):
    places = [first for first, _last in occurrences(captured.source, "garden")]
    app = shown(long_folder)
    settle(app.text_input(key="find").set_value("garden").run())
    for expected in places[:3]:
        assert not app.exception and app.query_params["q"] == str(expected) and app.query_params["find"] == "garden"
        window = Window.named(app.query_params["window"], WORDS, WORDS)
        assert window.rows[0] <= expected < window.rows[1] and window.sizes == (far_map.CLOSE, far_map.CLOSE)
        assert f"{places.index(expected) + 1} of {len(places)}" in written(app)
        settle(app.button(key="find_after").click().run())
    settle(app.button(key="find_before").click().run())
    assert app.query_params["q"] == str(places[2])
    settle(app.text_input(key="find").set_value("elephant").run())
    assert "not in this text" in written(app) and app.query_params["q"] == str(places[2])
    assert app.button(key="find_after").disabled and app.button(key="find_before").disabled
    settle(app.text_input(key="find").set_value("").run())
    assert not app.exception and not app.query_params.get("find")


@pytest.mark.parametrize("which", ["strong", "far"])
def test_the_edges_are_listed_with_weight_and_distance(long_folder, captured, which):
    app = shown(long_folder, beside=which)
    (found,) = (one.proto.json for one in app.get("bidi_component") if one.proto.component_name.endswith("far_text"))
    expected = edges(captured, 1, "2")
    expected = expected.strongest if which == "strong" else expected.farthest
    listed = component(app, "far_text")["edges"]
    assert not app.exception and found and len(listed) == len(expected) > 0
    for row, edge in zip(listed, expected, strict=True):
        assert (row["query"], row["key"], row["weight"], row["distance"]) == (edge.query, edge.key, f"{edge.weight:.3f}", f"{edge.distance:,}")
        assert captured.pattern(1, 2)[edge.query, edge.key] == pytest.approx(edge.weight, abs=1e-6)
        assert row["from"] == f"{captured.tokens[edge.query]} ({edge.query:,})"


@pytest.mark.parametrize("word", ["x" * 500, "(", "\\", " ", "gar den"])
def test_an_address_may_ask_for_any_word(long_folder, word):
    assert not shown(long_folder, find=word, beside="no", q="-1", k="x").exception


def test_a_head_without_far_edges_says_so(long_folder, monkeypatch):
    monkeypatch.setattr(far_text, "edges", lambda *_given, **_how: far_text.Edges((), ()))
    # Another head than the one that was looked through above.
    app = started(model=long_folder, text=tiny.long_text(WORDS), layer="0", head="1", beside="far")
    assert not app.exception and "There are none." in written(app)


def test_going_to_an_edge_sees_it_from_near_and_a_token_moves_the_map_only_where_it_must(captured, monkeypatch):
    now, wrote = {}, []
    monkeypatch.setattr(address, "read", now.get)
    monkeypatch.setattr(address, "number", lambda name, default, limit: now.get(name, default))
    monkeypatch.setattr(address, "write", lambda **values: wrote.append(values))
    far_map.go_to(captured, "decoder", 900, 12)
    edge = wrote.pop()
    window = Window.named(edge["window"], WORDS, WORDS)
    assert (edge["q"], edge["k"]) == (900, 12) and window.columns == (0, 32) and window.rows[0] <= 900 < window.rows[1]
    now["window"] = "600-700_500-600"
    far_text._choose(captured, "decoder", 650)
    assert wrote.pop() == {"window": "600-700_500-600", "q": 650, "k": None}
    far_text._choose(captured, "decoder", 100)
    moved = wrote.pop()
    window = Window.named(moved["window"], WORDS, WORDS)
    assert moved["q"] == 100 and window.rows[0] <= 100 < window.rows[1] and window.columns == (500, 600)


def test_tokens_are_written_as_a_text():
    words = Tokens((1,) * 4, ("[CLS]", "play", "##ing", "it"), (0,) * 4, (True, False, False, False))
    assert [far_text._written(words, i) for i in range(4)] == [" [CLS] ", " play", "ing", " it"]
    pieces = Tokens((1,) * 5, ("Rab", "bit", " hole", "\n", " down"), (0,) * 5, (False,) * 5)
    assert [far_text._written(pieces, i) for i in range(5)] == ["Rab", "bit", " hole", " ⏎ ", " down"]
