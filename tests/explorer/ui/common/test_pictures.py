"""A picture in which something can be chosen."""

from types import SimpleNamespace

from explorer.ui.common import pictures


def test_a_click_counts_once_also_where_the_browser_tells_of_it_again(monkeypatch) -> None:
    state, drawn, picked = {}, [], []
    monkeypatch.setattr(pictures.st, "session_state", state)
    monkeypatch.setattr(pictures.st, "vega_lite_chart", lambda spec, key, on_select, width: drawn.append((key, on_select)))
    monkeypatch.setattr(pictures, "is_dark", lambda: False)

    def draw(identity: str) -> None:
        pictures.clickable("board", identity, None, lambda first, dark: SimpleNamespace(spec=dict), picked.append)

    def click(number: int, on: str) -> None:
        key, told = drawn[number]
        state[key] = {"selection": {"cell": on}}
        told()

    draw("before")
    click(0, on="2.3")
    draw("after")
    click(0, on="2.3")
    assert picked == [{"cell": "2.3"}]
    click(0, on="4.0")
    click(1, on="2.3")
    assert picked == [{"cell": "2.3"}, {"cell": "4.0"}, {"cell": "2.3"}]
