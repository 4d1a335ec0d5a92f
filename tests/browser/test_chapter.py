"""The chapter of the list of examples in a model of many places: its map is that of the capture, its link opens it for somebody else."""

from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

import explorer
import models
from explorer.charts.common import palette
from explorer.examples import CHAPTER
from explorer.tiles import Window, tile
from explorer.ui.attention.far_map import SIZE
from tests import tiny
from tests.browser.test_far_map import FAR, colours, painted
from tests.browser.test_stage import TEXT
from tests.browser.waiting import eventually


@pytest.mark.thorough
def test_it_is_chosen_drawn_and_linked_to_and_back_undoes_it(open_page, tmp_path):
    folder = str(tiny.save_long(tmp_path))
    captured = explorer.capture(models.load(folder, device="cpu"), CHAPTER.text)
    n = len(captured.source)
    found = tile(captured, 1, "2", None, Window.whole(n, n), SIZE)
    expected = palette.table()[np.round(np.round(found.weights * 254) / 254 * 255).astype(int)]
    expected[~found.seen] = palette.rgb(palette.masked())

    def right(page) -> None:
        page.locator(f"{FAR}[data-painted]").wait_for()
        painted(page, f"0-{n}_0-{n}")
        assert np.abs(colours(page) - expected).max() <= 2
        expect(page.locator(TEXT).first).to_have_value(CHAPTER.text)

    page = open_page(f"/?model={quote(folder)}&layer=1&head=2")
    before = page.locator(TEXT).first.input_value()
    page.locator(".st-key-example input").click()
    page.get_by_role("option", name="A chapter of a book").click()
    right(page)
    page.get_by_role("button", name="Take away").click()
    link = urlsplit(page.locator("[data-testid=stPopoverBody] code").last.inner_text().strip())
    assert len(link.query) < 1_000
    right(open_page(f"{link.path}?{link.query}", wait_for=FAR))
    page.keyboard.press("Escape")
    page.go_back()
    eventually(page.locator(TEXT).first.input_value, before)
    page.go_forward()
    right(page)
