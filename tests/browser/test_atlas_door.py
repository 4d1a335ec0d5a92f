"""Atlas in a browser: a row is followed through its door into the live model, and its text is edited there."""

import re
from urllib.parse import parse_qs

import numpy as np
import pytest
from playwright.sync_api import expect

import models
from explorer.capture import capture
from explorer.charts.common import palette
from tests.browser.test_atlas import ALL, ONE
from tests.browser.test_attention import cells
from tests.browser.waiting import eventually, settled


def as_captured(page, model, text: str, layer: int, head: int) -> None:
    """The map of the head has the colours of what the model does with this text, computed here."""
    captured = capture(model, text)
    weights = captured.pattern(layer, head)[captured.visible(layer)]
    expect(cells(page)).to_have_count(weights.size)
    expected = np.array([palette.table()[round(float(weight) * 255)] for weight in weights])

    def apart() -> float:
        fills = cells(page).evaluate_all("paths => paths.map(path => path.getAttribute('fill'))")
        if len(fills) != len(expected):
            return 255.0
        return float(np.abs(np.array([[int(n) for n in re.findall(r"\d+", fill)[:3]] for fill in fills]) - expected).max())

    eventually(apart, lambda most: most <= 4)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["gpt2-mini", "bert-mini"])
def test_a_row_is_followed_into_the_live_model_and_edited_there(open_page, name):
    model = models.load(name, "cpu", "float32")
    page = open_page(f"/atlas?model={name}&layer=2&head=3&lang=en", wait_for=f"{ONE} .head-row")
    page.locator(f"{ALL} svg.marks").first.wait_for()
    settled(page)
    page.locator(".st-key-atlas_rows [data-testid=stPageLink-NavLink]").first.click()
    page.locator(".st-key-head_panel").get_by_text("Layer 2, head 3").wait_for()
    page.wait_for_function("location.search.includes('text=')")
    found = {key: value[0] for key, value in parse_qs(page.evaluate("location.search.slice(1)")).items()}
    box, text = page.get_by_label("Text", exact=True), found["text"]
    expect(box).to_have_value(text)
    as_captured(page, model, text, 2, 3)
    pinned = page.locator(".st-key-pinned")
    pinned.get_by_text(f"(position {found['q']})").wait_for()
    # Behind that token and in front of it; the head and the token stay chosen.
    for edited in (f"{text} Nobody knew.", f"Then {text}"):
        box.fill(edited)
        box.press("Control+Enter")
        as_captured(page, model, edited, 2, 3)
        page.locator(".st-key-head_panel").get_by_text("Layer 2, head 3").wait_for()
        pinned.get_by_text(f"(position {found['q']})").wait_for()
        eventually(lambda: parse_qs(page.evaluate("location.search.slice(1)"))["text"], [edited])
