"""A picture in which something can be chosen."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.ui.common import pictures


class Browser:
    """Draws pictures and clicks in them, as Streamlit would have it: a picture is known by its key while it is drawn."""

    def __init__(self, monkeypatch) -> None:
        self.state, self.drawn, self.picked = {}, [], []
        monkeypatch.setattr(pictures.st, "session_state", self.state)
        monkeypatch.setattr(pictures.st, "vega_lite_chart", self._chart)
        monkeypatch.setattr(pictures, "is_dark", lambda: False)
        monkeypatch.setattr(pictures.theme, "is_strong", lambda: False)
        monkeypatch.setattr(pictures, "on_page", lambda spec, dark, contrast: {"drawn": spec, "description": ""})

    def _chart(self, spec, key, on_select, width) -> None:
        assert width == "content"
        self.state.setdefault(key, {"selection": {}})
        self.drawn.append((key, spec, on_select))

    def draw(self, identity: str, chosen: object = None, **how: object) -> None:
        pictures.clickable("board", identity, chosen, lambda first, dark: SimpleNamespace(spec=lambda: first), self._pick, **how)

    def _pick(self, selection: object) -> object:
        self.picked.append(selection)
        return selection.get("choice")

    def click(self, number: int, **selection: object) -> None:
        key, _spec, told = self.drawn[number]
        self.state[key] = {"selection": selection}
        told()


@pytest.fixture
def browser(monkeypatch) -> Browser:
    return Browser(monkeypatch)


def test_a_click_counts_once_also_where_the_browser_tells_of_it_again(browser) -> None:
    browser.draw("before")
    browser.click(0, cell="2.3")
    browser.draw("after")
    browser.click(0, cell="2.3")
    assert browser.picked == [{"cell": "2.3"}]
    browser.click(0, cell="4.0")
    browser.click(1, cell="2.3")
    assert browser.picked == [{"cell": "2.3"}, {"cell": "4.0"}, {"cell": "2.3"}]


def test_what_another_page_took_away_is_drawn_with_the_choice_of_now(browser) -> None:
    browser.draw("map", "first")
    browser.click(0, choice="second")
    browser.draw("map", "second")
    assert [spec["drawn"] for _key, spec, _told in browser.drawn] == ["first", "first"]
    # Streamlit forgets what a run does not draw, and the browser forgets which frame was moved in it.
    del browser.state[browser.drawn[-1][0]]
    browser.draw("map", "second")
    assert browser.drawn[-1][1]["drawn"] == "second"
    assert browser.drawn[-1][0] != browser.drawn[0][0]


def test_where_clicks_add_up_only_what_is_new_is_told(browser) -> None:
    one, other, box = {"row": 1, "head": 2}, {"row": 3, "head": -1}, {"row": [0, 1], "head": [4]}
    browser.draw("board", adds_up=True)
    browser.click(0, cell=[one])
    browser.click(0, cell=[one, other])
    browser.click(0, cell=[other])
    browser.click(0, cell=[other], box=box)
    browser.click(0, cell=[other, one], box=box)
    assert browser.picked == [{"cell": [one]}, {"cell": [other]}, {"cell": [one]}, {"cell": [], "box": box}, {"cell": [one], "box": {}}]
    # Another picture has nothing selected.
    browser.draw("another board", adds_up=True)
    browser.click(-1, cell=[one])
    assert browser.picked[-1] == {"cell": [one]}


_SELECTIONS = st.lists(st.lists(st.integers(0, 5), unique=True), max_size=8)


@given(_SELECTIONS)
def test_the_news_add_up_to_what_is_selected(selections: list[list[int]]) -> None:
    before, selected = {}, set()
    for points in selections:
        now = {"cell": [{"head": point} for point in points]}
        selected ^= {point["head"] for point in pictures._news(now, before)["cell"]}
        assert selected == set(points)
        before = now
