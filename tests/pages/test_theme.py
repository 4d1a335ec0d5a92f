"""The theme that the address names, on the page and for the pages after it."""

from explorer.charts.common import palette
from explorer.ui.common import theme
from tests.pages.shared import charts, settle, shared, started


def test_a_theme_by_the_address_draws_the_charts_in_its_colours():
    drawn = {}
    for name in ("light", "dark", "contrast"):
        app = started(theme=name)
        assert not app.exception
        drawn[name] = str(charts(app))
    assert palette.page(True)[0] in drawn["dark"] and palette.page(True)[0] not in drawn["light"]
    assert palette.strong(palette.frame()) in drawn["contrast"] and palette.frame() in drawn["light"]
    assert palette.frame() not in drawn["contrast"] and palette.page()[1] not in drawn["contrast"]


def marked(app):
    """The themes whose buttons are marked."""
    buttons = {str(button.key).removeprefix("theme_"): button for button in app.button if str(button.key).startswith("theme_")}
    return [name for name, button in buttons.items() if button.proto.type == "primary"]


def test_the_choice_redraws_and_goes_into_the_address_of_all_pages():
    app = started()
    assert marked(app) == [theme.SYSTEM]
    settle(app.button(key="theme_contrast").click().run())
    assert app.query_params["theme"] == "contrast" and shared(app, "theme") == "contrast"
    assert palette.frame() not in str(charts(app)) and palette.strong(palette.frame()) in str(charts(app))


def test_a_theme_that_there_is_not_is_the_systems():
    assert marked(started(theme="sepia")) == [theme.SYSTEM]


def test_the_key_comes_to_all_themes_and_never_to_what_is_there(monkeypatch):
    now = {"theme": "system"}
    monkeypatch.setattr(theme.address, "word", lambda name, default, allowed: now["theme"])
    monkeypatch.setattr(theme.address, "write", now.update)
    for system, seen in (("light", ["dark", "contrast", "light", "dark"]), ("dark", ["contrast", "light", "dark", "contrast"])):
        now["theme"] = "system"
        monkeypatch.setattr(theme, "_system_is_dark", lambda system=system: system == "dark")
        for expected in seen:
            theme.turn()
            assert now["theme"] == expected
