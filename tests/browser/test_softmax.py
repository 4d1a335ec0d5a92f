"""The softmax laboratory in a browser: sliders move the picture and ask nobody, what is shown is what torch computes, all is in reach."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from explorer.charts.softmax.lookups import SCORES
from explorer.softmax.vectors import WIDTHS, draw
from tests.browser import dragging
from tests.browser.waiting import eventually, in_reach, resize, settled

VECTORS, LOOKUPS = ".st-key-vectors", ".st-key-lookups"
PLACES = {VECTORS: "/softmax", LOOKUPS: "/softmax?softmax=lookups"}


MOVES = 20
"""Of the mouse in a drag that waits for the picture after each: every one of them costs the browser a tenth of a second."""


def repainted(page, inside: str, slider: str, least: int, sent: list[object]) -> None:
    """A slider that is dragged moves the picture, and asks nobody. How soon, benchmarks/dragging.py measures."""
    found = dragging.drag(page, inside, slider, sent, steps=MOVES, patient=True)
    assert found.sent == 0
    assert found.inputs >= least and found.changed >= least * 0.8


def reached(page, inside: str) -> None:
    """Picture and inputs are in reach without a scroll."""
    for size in ((1440, 900), (1024, 768)):
        resize(page, *size)
        for part in ("form.vega-bindings", "svg.marks"):
            in_reach(page, f"{inside} {part}", *size)


@pytest.mark.every_run
def test_vectors_follow_their_sliders_ask_nobody_and_show_what_torch_computes(open_page):
    sent = []
    page = open_page(PLACES[VECTORS], wait_for=f"{VECTORS} .vega-bind", sent=sent)
    assert sent, "the page itself does send messages, and they are counted"
    row = draw(1).row
    page.locator(f"{VECTORS} input[name=divisor_kind][value=root]").check()
    for end in (0.2, 0.5, 0.9):
        step = round(dragging.drag(page, VECTORS, "d_k_step", sent, end=end, steps=5).values[-1])
        p = torch.tensor(row[:64, step] / WIDTHS[step] ** 0.5).softmax(0)
        jacobian = torch.autograd.functional.jacobian(lambda z: z.softmax(0), p.log())
        expected = {
            "d_k": WIDTHS[step],
            "in theory, d_k / divisor²": 1,
            "largest weight": float(p.max()),
            "entropy, nats": float(torch.special.entr(p).sum()),
            "trace of the Jacobian": float(jacobian.trace()),
            "norm of the Jacobian": float(jacobian.norm()),
        }
        assert {name: dragging.readout(page, VECTORS, name) for name in expected} == pytest.approx(expected, abs=1e-6)
    repainted(page, VECTORS, "d_k_step", 10, sent)
    repainted(page, VECTORS, "temperature_exponent", 16, sent)
    before = len(sent)
    # An input of Streamlit's own, for comparison.
    page.locator(".st-key-seed [data-testid=stNumberInputStepUp]").click()
    # Looking at the page lets playwright tell what has been sent.
    eventually(lambda: (page.title(), len(sent))[1], lambda n: n > before)
    reached(page, VECTORS)


def test_a_picture_stays_in_a_small_window_when_it_is_drawn_anew(open_page):
    page = open_page("/softmax?theme=light", size=(1024, 768), wait_for=f"{VECTORS} .vega-bind")
    marks = f"{VECTORS} svg.marks"
    box = in_reach(page, marks, 1024, 768)
    # Drawn larger for a moment it would push its inputs above it, and would be larger than the room below them.
    page.evaluate("(marks) => { document.querySelector(marks).style.width = '980px'; }", marks)
    page.keyboard.press("t")
    page.wait_for_function("location.search.includes('theme=dark')")
    settled(page)
    assert in_reach(page, marks, 1024, 768) == pytest.approx(box, abs=2)


def test_lookups_follow_their_sliders_and_ask_nobody(open_page):
    sent = []
    page = open_page(PLACES[LOOKUPS], wait_for=f"{LOOKUPS} .vega-bind", sent=sent)
    scores = np.array(SCORES)
    scores[3] = dragging.drag(page, LOOKUPS, "score_4", sent, steps=5).values[-1]
    largest = float(torch.tensor(scores).softmax(0).max())
    assert scores[3] > 5 and dragging.readout(page, LOOKUPS, "softmax, largest") == pytest.approx(largest, abs=1e-6)
    assert dragging.readout(page, LOOKUPS, "sparsemax, exact zeros") == 5
    repainted(page, LOOKUPS, "score_2", 16, sent)
    reached(page, LOOKUPS)


def test_a_slider_says_the_number_that_is_chosen_and_not_its_exponent(open_page):
    page = open_page(PLACES[VECTORS], wait_for=f"{VECTORS} .vega-bind")

    def said(name: str) -> str:
        return page.locator(f"{VECTORS} .vega-bind input[name={name}] ~ output").inner_text()

    eventually(lambda: [said(name) for name in ("d_k_step", "temperature_exponent", "free_divisor_exponent")], ["64", "1", "1"])
    slider = page.locator(f"{VECTORS} input[name=temperature_exponent]")
    slider.press("End")
    eventually(lambda: said("temperature_exponent"), "10")
    slider.press("ArrowLeft")
    eventually(lambda: said("temperature_exponent"), "8.91")
    page.locator(f"{VECTORS} input[name=d_k_step]").press("End")
    eventually(lambda: said("d_k_step"), f"{max(WIDTHS):,}")
    # Vega's own numbers, an exponent and a place in a list, are not seen.
    for span in page.locator(f"{VECTORS} input[name=temperature_exponent] + span").all():
        expect(span).to_be_hidden()


def test_a_factor_on_the_scale_is_computed_and_drawn(open_page):
    page = open_page("/softmax?softmax=model&look=scale&limit=6", wait_for=".st-key-compute_scale button")
    page.locator(".st-key-compute_scale button").click()
    page.locator(".st-key-scale_curve .mark-line path").first.wait_for(state="attached")
    page.get_by_text("Best of these factors").wait_for()


def test_a_click_on_a_head_looks_at_it_everywhere(open_page):
    page = open_page("/softmax?softmax=model&layer=1&head=2&text=Dogs%20bite", wait_for=".st-key-map_saturated .mark-rect path")
    address = "(([a, b]) => a + '.' + b)(['layer', 'head'].map(name => new URLSearchParams(location.search).get(name)))"
    cells = page.locator(".st-key-map_saturated .mark-rect path")
    eventually(lambda: page.evaluate(address), "1.2")
    cells.nth(3 * 12 + 7).click()
    eventually(lambda: page.evaluate(address), "3.7")
    for name, number in (("Layer (from 0)", "3"), ("Head (from 0)", "7")):
        eventually(lambda name=name: page.get_by_role("combobox", name=re.compile(re.escape(name))).input_value(), number)
    # A bar of the scores, too.
    bars = page.locator("[data-testid=stVegaLiteChart]").first.locator(".mark-rule line")
    bars.nth(0).click(force=True)
    eventually(lambda: page.evaluate(address), "0.0")
    page.go_back()
    eventually(lambda: page.evaluate(address), "3.7")
    eventually(lambda: page.get_by_role("combobox", name=re.compile("Head")).input_value(), "7")
