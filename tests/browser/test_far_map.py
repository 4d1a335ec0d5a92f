"""A long text's map in a browser: dragged, zoomed, clicked, linked to; and what travels for it."""

from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import expect

import explorer
import models
from explorer.charts.common import palette
from explorer.edges import edges, occurrences
from explorer.tiles import Window, tile
from explorer.ui.attention.far_map import SIZE
from tests import tiny
from tests.browser.accessibility import violations
from tests.browser.waiting import eventually

WORDS = 600
FAR = ".st-key-far .far"
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny.save_long(tmp_path_factory.mktemp("long")))


@pytest.fixture(scope="module")
def captured(folder):
    return explorer.capture(models.load(folder, device="cpu"), tiny.long_text(WORDS))


@pytest.fixture
def far(open_page, folder):
    def opened(**address):
        more = "".join(f"&{name}={value}" for name, value in address.items())
        page = open_page(f"/?model={quote(folder)}&text={quote(tiny.long_text(WORDS))}&layer=1&head=2{more}", wait_for=f"{FAR}[data-painted]")
        # Out of reach of what lies over the end of the window.
        page.locator(f"{FAR} .frame").scroll_into_view_if_needed()
        return page

    return opened


def painted(page, window: str | None = None) -> str:
    """Waits for a window, or for any other than the whole, to be painted where it belongs."""
    read = lambda: page.locator(FAR).get_attribute("data-painted")  # noqa: E731
    found = eventually(read, (lambda name: name != f"0-{WORDS}_0-{WORDS}") if window is None else window)
    eventually(lambda: page.locator(f"{FAR} canvas").evaluate("one => one.style.transform"), "translate(0%, 0%) scale(1, 1)")
    return found


def in_address(page) -> str:
    return page.evaluate("new URLSearchParams(location.search).get('window') ?? ''")


def at(page, down: float, across: float) -> tuple[float, float]:
    box = page.locator(f"{FAR} .frame").bounding_box()
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def colours(page) -> np.ndarray:
    read = "one => [one.width, one.height, [...one.getContext('2d').getImageData(0, 0, one.width, one.height).data]]"
    width, height, data = page.locator(f"{FAR} canvas").evaluate(read)
    return np.reshape(data, (height, width, 4))[..., :3]


@pytest.mark.every_run
def test_a_map_is_dragged_and_zoomed_and_back_undoes_it(far, captured):
    page = far()
    assert painted(page, f"0-{WORDS}_0-{WORDS}") and in_address(page) == ""
    found = tile(captured, 1, "2", None, Window.whole(WORDS, WORDS), SIZE)
    expected = palette.table()[np.round(np.round(found.weights * 254) / 254 * 255).astype(int)]
    expected[~found.seen] = palette.rgb(palette.masked())
    assert np.abs(colours(page) - expected).max() <= 2
    # Twice as near around the pointer.
    page.mouse.dblclick(*at(page, 0.75, 0.25))
    near = painted(page)
    (top, bottom), (left, right) = (map(int, side.split("-")) for side in near.split("_"))
    assert (bottom - top, right - left) == (WORDS // 2, WORDS // 2) and abs(top - 225) < 8 and abs(left - 75) < 8
    eventually(lambda: in_address(page), near)
    # Dragged by a quarter up and to the left: what is seen lies a quarter further down and right.
    page.mouse.move(*at(page, 0.6, 0.6))
    page.mouse.down()
    page.mouse.move(*at(page, 0.5, 0.5), steps=3)
    assert "translate(0%" not in page.locator(f"{FAR} canvas").evaluate("one => one.style.transform")
    page.mouse.move(*at(page, 0.35, 0.35), steps=3)
    page.mouse.up()
    moved = eventually(lambda: in_address(page), lambda name: name != near)
    assert painted(page, moved)
    (there, _), (over, _) = (map(int, side.split("-")) for side in moved.split("_"))
    assert abs(there - top - 75) < 5 and abs(over - left - 75) < 5
    page.go_back()
    assert painted(page, near)


def test_tokens_are_named_where_there_is_room_and_the_pointer_reads_the_weight(far, captured):
    page = far(window="500-520_480-500")
    assert painted(page, "500-520_480-500")
    expect(page.locator(f"{FAR} .rows span")).to_have_text(captured.tokens[500:520])
    expect(page.locator(f"{FAR} .columns span")).to_have_text(captured.tokens[480:500])
    page.mouse.move(*at(page, 5.5 / 20, 7.5 / 20))
    weight = captured.pattern(1, 2)[505, 487]
    expect(page.locator(f"{FAR} .readout")).to_have_text(
        f"From {captured.tokens[505]} (505) to {captured.tokens[487]} (487): weight {weight:.4f}"
    )
    page.mouse.click(*at(page, 5.5 / 20, 7.5 / 20))
    page.wait_for_function("location.search.includes('q=505') && location.search.includes('k=487')")
    expect(page.locator(f"{FAR} .rows span.chosen")).to_have_text(captured.tokens[505])
    # With 350 tokens at a side there is room for numbers only.
    page.get_by_role("button", name="The whole map").click()
    assert painted(page, f"0-{WORDS}_0-{WORDS}")
    expect(page.locator(f"{FAR} .columns span").nth(1)).to_have_text("100")


def test_keys_and_the_wheel_do_the_same_and_arrows_belong_to_heads_elsewhere(far):
    page = far(window="200-400_200-400")
    page.locator(".st-key-window_zoom_out_map button").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert painted(page, "300-500_200-400")
    page.keyboard.press("+")
    assert painted(page, "350-450_250-350")
    page.keyboard.press("0")
    assert painted(page, f"0-{WORDS}_0-{WORDS}")
    page.locator(".st-key-head_panel").get_by_text("Layer 1, head 2").wait_for()
    # After a click the wheel zooms, and the arrows go from head to head.
    page.mouse.click(*at(page, 0.6, 0.4))
    page.mouse.wheel(0, -100)
    found = painted(page)
    assert int(found.split("_")[0].split("-")[0]) > 0
    page.keyboard.press("ArrowRight")
    page.locator(".st-key-head_panel").get_by_text("Layer 1, head 3").wait_for()
    assert painted(page, found)


def test_a_view_is_a_small_message(far):
    received = []
    page = far()
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    page.reload()
    page.locator(f"{FAR}[data-painted]").wait_for()
    painted(page, f"0-{WORDS}_0-{WORDS}")
    del received[:]
    page.get_by_role("button", name="Closer").click()
    painted(page, "150-450_150-450")
    assert 5_000 < sum(received) < MOST_BYTES


def test_a_token_of_the_text_shows_what_it_looks_at_an_edge_is_gone_to_and_a_word_is_found(far, captured):
    page = far(q="590")
    beside = page.locator(".st-key-pinned .beside")
    token = beside.locator(".token").nth(100)
    position = int(token.get_attribute("title").split(":")[0])
    token.click()
    page.wait_for_function(f"location.search.includes('q={position}')")
    best = int(captured.pattern(1, 2)[position].argmax())
    expect(page.locator(".st-key-pinned")).to_contain_text(f"({best:,}) {captured.pattern(1, 2)[position].max():.2f}")
    expect(beside.locator(".token.chosen")).to_have_attribute("title", f"{position}: {captured.pattern(1, 2)[position, position]:.4f}")
    # By keyboard, from the choices above it.
    page.get_by_role("textbox", name="Find a word").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"location.search.includes('q={position + 1}')")
    page.locator(".st-key-head_panel").get_by_text("Layer 1, head 2").wait_for()
    page.get_by_role("radio", name="Strongest edges").click()
    edge = edges(captured, 1, "2").strongest[3]
    beside.locator(".edge").nth(3).click()
    page.wait_for_function(f"location.search.includes('q={edge.query}&') && location.search.includes('k={edge.key}')")
    (top, bottom), (left, right) = (map(int, side.split("-")) for side in painted(page).split("_"))
    assert top <= edge.query < bottom and left <= edge.key < right
    expect(page.locator(f"{FAR} .rows span.chosen")).to_have_text(captured.tokens[edge.query])
    expect(page.locator(f"{FAR} .columns span.chosen")).to_have_text(captured.tokens[edge.key])
    page.get_by_label("Find a word").fill("garden")
    page.keyboard.press("Enter")
    places = [first for first, _last in occurrences(captured.source, "garden")]
    first = next(place for place in places if place >= edge.query)
    expect(page.locator(".st-key-pinned")).to_contain_text(f"{places.index(first) + 1} of {len(places)}")
    page.wait_for_function(f"new URLSearchParams(location.search).get('q') === '{first}'")
    page.get_by_role("button", name="Found next").click()
    page.wait_for_function(f"new URLSearchParams(location.search).get('q') === '{places[places.index(first) + 1]}'")
    page.go_back()
    page.wait_for_function(f"new URLSearchParams(location.search).get('q') === '{first}'")


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_it_breaks_no_rule_of_accessibility(far, theme):
    for beside in ("text", "far"):
        page = far(window="500-520_480-500", q="510", k="490", beside=beside, theme=theme, scale="own")
        page.locator(".st-key-pinned .beside :is(.token, .edge)").first.wait_for()
        assert violations(page) == []
        assert "From tokens 500 to 519 of 600" in page.locator(f"{FAR} .frame").get_attribute("aria-label")
