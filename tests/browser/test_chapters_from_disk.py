"""Each chapter of the course as one file: made by the command, opened from disk without a network, walked through in both languages."""

import pytest
from playwright.sync_api import expect

from explorer.cli.main import main
from explorer.lectures.demo import STEPS
from explorer.lectures.registry import CHAPTERS, of_chapter
from explorer.lectures.words import read
from tests.browser import from_disk
from tests.browser.letters import too_small
from tests.browser.waiting import eventually

MOST_BYTES = 15_000_000
MARKS = """() => {
  // How many marks each picture of the step has.
  const kinds = ['rect path', 'line path', 'symbol path', 'rule line', 'arc path', 'area path', 'text.role-mark text', 'image image'];
  const selector = kinds.map((kind) => `svg.marks .mark-${kind}`).join(', ');
  const boxes = [...document.querySelectorAll('.pictures > div')];
  return boxes.map((box) => (box.querySelector('canvas') ? 99 : box.querySelectorAll(selector).length));
}"""
SHOWN = (
    """() => [...document.querySelectorAll('.pictures > div')].map((box) => JSON.stringify([box.shown.spec, box.shown.view.getState().data]))"""
)


@pytest.fixture(scope="module", params=CHAPTERS, ids="chapter {}".format)
def chapter(request, tmp_path_factory):
    """The number of a chapter, and its file."""
    made = tmp_path_factory.mktemp("chapter") / f"{request.param}.html"
    assert main(["lectures", "export", str(request.param), "--out", str(made)]) == 0
    return request.param, made


@pytest.mark.thorough
def test_a_chapter_plays_from_a_memory_stick(browser, chapter):
    """By the clicker through all steps: something is drawn, all can be read, all measures hold; sliders move pictures; no request, no error."""
    number, file = chapter
    assert file.stat().st_size <= MOST_BYTES
    walked = of_chapter(number)
    with from_disk.opened(browser, file) as (page, wrong):
        for language in ("en", "zh"):
            eventually(lambda: page.evaluate("document.documentElement.lang"), language)
            page.keyboard.press("Home")
            for at, (one, step) in enumerate([(one, step) for one in walked for step in STEPS], start=1):
                where = f"{one.id} {step} {language}"
                expect(page.locator("#where")).to_have_text(f"{at} / {len(walked) * len(STEPS)}")
                page.wait_for_function(from_disk.DRAWN)
                words = read(one.module, language)
                if step == "ask":
                    expect(page.locator(".question")).to_contain_text(words.question.replace("*", "")[:8])
                if step == "show" or (step == "notice" and one.more is not None):
                    marks = page.evaluate(MARKS)
                    assert marks and all(marks), where
                if step == "notice":
                    assert page.locator("table tr").count() and "✗" not in page.locator("table").inner_text(), where
                    assert "{" not in page.locator(".found").inner_text().replace("{θ", ""), where
                if step == "show":
                    _moves(page)
                assert not too_small(page, "body"), where
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
                _on(page)
            page.keyboard.press("l")
        assert not wrong


def _on(page):
    """Forward, past whatever stands below the window: a clicker goes down before it goes on."""
    where = page.locator("#where").inner_text()
    for _screen in range(6):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(50)
        if page.locator("#where").inner_text() != where:
            return


def _moves(page):
    """The control that matters changes what is drawn, and `r` brings it back."""
    before = page.evaluate(SHOWN)
    slider, choice = page.locator(".controls input[type=range]"), page.locator(".controls select")
    # The one that matters stands first.
    if page.locator(".controls label").first.locator("input").count():
        field = slider.first
        field.fill(field.get_attribute("min") if field.input_value() != field.get_attribute("min") else field.get_attribute("max"))
    else:
        field = choice.first
        values = field.locator("option").evaluate_all("all => all.map((one) => one.value)")
        field.select_option(next(value for value in values if value != field.input_value()))
    eventually(lambda: page.evaluate(SHOWN), lambda now: now != before)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("r")
    page.wait_for_function(from_disk.DRAWN)


@pytest.mark.thorough
def test_the_speakers_window_of_a_chapter_has_notes_in_both_languages(browser, chapter):
    number, file = chapter
    first = of_chapter(number)[0]
    with from_disk.opened(browser, file) as (page, wrong):
        with page.expect_popup() as waiting:
            page.keyboard.press("n")
        beside = waiting.value
        for language in ("en", "zh"):
            notes = read(first.module, language).notes.split("*")[0].split("`")[0]
            expect(beside.locator("body")).to_contain_text(notes[:12])
            page.bring_to_front()
            page.keyboard.press("l")
        assert not wrong
