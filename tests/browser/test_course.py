"""The course in a real browser: keys, the second window, and every step of every demo on a stage."""

import re
from functools import partial
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from explorer.capture import capture
from explorer.i18n import LANGUAGES
from explorer.lectures import q02_projections as q02
from explorer.lectures import q03_scaling as q03
from explorer.lectures.demo import STEPS
from explorer.lectures.registry import CHAPTERS, demo, of_chapter
from explorer.lectures.words import read
from explorer.ui.course import place, results
from tests.browser import clicker, walks
from tests.browser.accessibility import violations
from tests.browser.letters import cut, too_small
from tests.browser.waiting import PATIENCE, eventually, resize

SEEN = {
    "ask": ".st-key-course_options input",
    "show": ".st-key-course_pictures svg.marks, .st-key-course_pictures canvas",
    "notice": ".course-measures > div",
    "follow": ".st-key-course_next",
}
MARKS = """() => {
  // How many marks each picture on the step has.
  const kinds = ['rect path', 'line path', 'symbol path', 'rule line', 'arc path', 'area path', 'text.role-mark text', 'image image'];
  const selector = kinds.map((kind) => `svg.marks .mark-${kind}`).join(', ');
  return [...document.querySelectorAll('.st-key-course_pictures .stVegaLiteChart')].map(
    (chart) => (chart.querySelector('canvas') ? 99 : chart.querySelectorAll(selector).length));
}"""
CUT = """() => {
  const looked = '.st-key-course_bar *, .st-key-course_options p, .st-key-course_controls label, .course-guesses span, .course-measures span';
  const cut = (e) => e.getBoundingClientRect().width > 0 && e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).overflowX === 'hidden';
  return [...document.querySelectorAll(looked)].filter(cut).map((e) => e.innerText);
}"""


@pytest.fixture
def course(open_page):
    """Opens a step. In the end the browser has not complained of a picture, nor of an address where nothing is."""
    console = []

    def opened(address, step="ask"):
        page = open_page(f"/course?{address}", wait_for=SEEN[step], console=console)
        page.wait_for_function("window.__attentionExplorerCourse?.watching")
        return page

    yield opened
    assert not [line for line in console if line.startswith(("404 ", "WARN"))]


def at(page, demo, step):
    """Waits for an address. It is asked of the browser: what playwright knows of it is as old as the last answer."""
    page.wait_for_function(
        "([demo, step]) => { const said = new URLSearchParams(location.search); return said.get('demo') === demo && said.get('step') === step; }",
        arg=[demo, step],
    )


def named(page, setting, there=True):
    """Waits until the address has a setting, or has it no more."""
    page.wait_for_function("([setting, there]) => location.search.includes(setting) === there", arg=[setting, there])


@pytest.mark.every_run
def test_a_clicker_goes_through_the_steps_and_back_undoes_one(course):
    page = course("demo=Q3&step=ask")
    for step in ("show", "notice", "follow"):
        clicker.forward(page)
        page.locator(SEEN[step]).first.wait_for()
        at(page, "Q3", step)
    page.keyboard.press("ArrowLeft")
    at(page, "Q3", "notice")
    page.go_back()
    at(page, "Q3", "follow")
    page.keyboard.type("8")
    at(page, "Q8", "ask")
    expect(page.locator(".st-key-course_question")).to_contain_text(read("q08_parameters", "en").question[:30])


DRAWN = ".st-key-course_pictures :is(svg.marks, canvas)"
BOTTOM = "(all) => Math.max(...all.map((one) => one.getBoundingClientRect().bottom))"
FULLEST = [("Q21", "en"), ("Q22b", "en"), ("Q21", "zh"), ("Q12", "en"), ("Q4", "en"), ("Q18", "en"), ("Q18", "zh"), ("Q24b", "en")]
"""Demos whose steps have the most to read."""


@pytest.mark.parametrize(("demo", "language"), FULLEST)
def test_a_hall_reads_the_last_two_steps_without_a_scroll(course, demo, language):
    page = course(f"demo={demo}&step=notice&stage=1&lang={language}", "notice")
    page.set_viewport_size({"width": 1920, "height": 1080})
    words = page.locator(".course-guesses, .course-measures, .st-key-course_noticed p")
    eventually(lambda: words.evaluate_all(BOTTOM), lambda bottom: 0 < bottom <= 1080)
    eventually(lambda: page.locator(DRAWN).evaluate_all(BOTTOM), lambda bottom: 0 < bottom <= 1080)
    clicker.forward(page)
    page.locator(".st-key-course_led .course-guesses").wait_for()
    whole = page.locator(".st-key-course_step_follow p, .st-key-course_step_follow input, .course-guesses")
    eventually(lambda: whole.evaluate_all(BOTTOM), lambda bottom: 540 < bottom <= 1080)
    assert not too_small(page)


def test_what_stands_below_the_window_is_shown_before_the_next_step(course):
    page = course("demo=Q4&step=notice&stage=1", "notice")
    page.set_viewport_size({"width": 1920, "height": 840})
    last = page.locator(".st-key-course_pictures svg.marks").last
    eventually(lambda: last.bounding_box(), lambda box: box and box["y"] + box["height"] > 840 + 24)
    page.keyboard.press("PageDown")
    eventually(lambda: last.bounding_box(), lambda box: box["y"] + box["height"] <= 840)
    at(page, "Q4", "notice")
    clicker.forward(page)
    at(page, "Q4", "follow")
    page.locator(".st-key-course_led .course-guesses").wait_for()
    page.keyboard.press("PageUp")
    page.locator(SEEN["notice"]).first.wait_for()
    assert page.evaluate("document.querySelector('.stMain').scrollTop") == 0, "a step is read from its beginning"


@pytest.mark.every_run
def test_hands_are_counted_by_keys_and_held_against_the_number(course):
    page = course("demo=Q3&step=ask")
    for key in "aaab":
        page.keyboard.press(key)
    fields = page.locator(".st-key-course_options input")
    expect(fields.nth(0)).to_have_value("3")
    expect(fields.nth(1)).to_have_value("1")
    first = page.locator(".st-key-course_options p").nth(0).inner_text().split("\u2002")[-1].strip()
    assert not page.locator(".course-guesses").count()
    clicker.forward(page)
    page.locator(SEEN["show"]).first.wait_for()
    clicker.forward(page)
    row = page.locator(".course-guesses .guess").nth(0)
    expect(row).to_contain_text(first[-20:])
    expect(row.locator("b").nth(1)).to_have_text("3")
    expect(page.locator(".course-guesses .right")).to_have_count(1)
    expect(page.locator(".course-guesses .right")).to_contain_text(read("q03_scaling", "en").options["C"])


@pytest.mark.every_run
def test_a_slider_moves_the_picture_and_r_puts_it_back(course):
    page = course("demo=Q3&step=show&q3_d_k=16", "show")
    bars = page.locator(".st-key-course_pictures .stVegaLiteChart").first.locator(".mark-rect path")

    def heights() -> list[int]:
        return bars.evaluate_all("paths => paths.map(p => Math.round(p.getBBox().height))")

    before = eventually(heights, lambda found: sum(found) > 0)
    thumb = page.get_by_role("slider").first
    thumb.focus()
    thumb.press("ArrowRight")
    named(page, "q3_d_k=64")
    eventually(heights, lambda now: now != before)
    shares = q03.compute(None, d_k=64).data["scores"][1]
    now = heights()
    assert now.index(max(now)) == shares.argmax()
    page.locator(".st-key-course_step_show p").first.click()
    page.keyboard.press("r")
    named(page, "q3_d_k", there=False)


def test_the_spotlight_dims_all_pictures_but_one(course):
    page = course("demo=Q3&step=show", "show")
    dim = page.locator(".stVegaLiteChart.dim")
    page.keyboard.press("s")
    expect(dim).to_have_count(2)
    for _ in range(3):
        page.keyboard.press("s")
    expect(dim).to_have_count(0)


def test_the_second_window_follows_the_first(course):
    page = course("demo=Q3&step=ask")
    with page.context.expect_page() as opening:
        page.keyboard.press("n")
    notes = opening.value
    expect(notes.locator(".stMain")).to_contain_text("Let them bet")
    eventually(lambda: bool(re.search(r"\d\d:\d\d", notes.locator(".course-clock").inner_text())), True)
    page.bring_to_front()
    clicker.forward(page)
    at(page, "Q3", "show")
    at(notes, "Q3", "show")
    expect(notes.locator(".stMain")).to_contain_text("Notice")
    assert "✓" not in page.locator(".stMain").inner_text()
    # A question that the measurement decides: its letters are those of the hall, and one of them has a tick.
    page.keyboard.type("2")
    at(page, "Q2", "ask")
    at(notes, "Q2", "ask")
    for option in read("q02_projections", "en").options.values():
        row = page.locator(".st-key-course_options p").filter(has_text=option)
        letter = row.inner_text()[0]
        expect(notes.locator("li").filter(has_text=option)).to_have_text(re.compile(rf"^{letter} (✓ )?{re.escape(option)}$"))
    expect(notes.locator("li").filter(has_text="✓")).to_have_count(1)


def test_keys_typed_into_a_field_are_letters(course):
    page = course("demo=Q3&step=ask")
    field = page.locator(".st-key-course_options input").first
    field.fill("12")
    field.press("Enter")
    expect(field).to_have_value("12")
    at(page, "Q3", "ask")


@pytest.mark.every_run
def test_the_door_opens_the_page_that_shows_the_same(course):
    """In the state that the demo was left in: layer and head are those of its sliders."""
    page = course("demo=Q2&step=follow&q2_layer=3&q2_head=4", "follow")
    page.get_by_text("On your own text and model").click()
    page.locator(".st-key-head_panel").get_by_text("Layer 3, head 4").wait_for()
    expect(page.locator(".st-key-text_bar").get_by_role("textbox").first).to_have_value(q02.TEXT)


def test_a_click_on_a_head_opens_it_and_back_returns(course):
    page = course("demo=Q9b&step=show", "show")
    page.locator(".st-key-course_pictures svg.marks").nth(1).locator(".mark-rect path").nth(3 * 12 + 7).click()
    page.locator(".st-key-head_panel").get_by_text("Layer 3, head 7").wait_for()
    page.go_back()
    page.locator(SEEN["show"]).first.wait_for()
    at(page, "Q9b", "show")


def test_a_click_on_a_token_lets_it_ask(course):
    page = course("demo=Q2&step=show", "show")
    tokens = capture(results.opened(q02.MODEL), q02.TEXT).tokens
    for asks in (3, 8):
        first = page.locator(".st-key-course_pictures svg.marks").first
        first.locator(".mark-rect path").nth(2 * asks).click()
        named(page, f"q2_query={asks}")
        expect(first).to_contain_text(f'"{tokens[asks]}" asks')
        expect(page.locator(".st-key-q2_query")).to_contain_text(str(asks))


def test_tokens_are_moved_and_what_is_read_follows(course):
    page = course("demo=Q13&step=show&lang=zh", "show")
    chips = page.locator(".st-key-course_controls .chip")
    expect(chips).to_have_text(["你", "爱", "我"])
    chips.nth(0).press("ArrowRight")
    named(page, "q13_swap=1.2.0")
    expect(chips).to_have_text(["爱", "你", "我"])
    expect(page.locator(".st-key-course_pictures svg.marks").nth(1)).to_contain_text("爱你我")


def test_a_sentence_is_chosen_by_a_click_or_typed_and_r_brings_the_first_one_back(course):
    page = course("demo=Q13&step=show&lang=zh", "show")
    chips, field = page.locator(".st-key-course_controls .chip"), page.locator(".st-key-q13_text input")
    field.click()
    page.get_by_role("option", name="狗咬人").click()
    named(page, "q13_text=" + quote("狗咬人"))
    expect(chips).to_have_text(["人", "咬", "狗"])
    field.click()
    page.keyboard.type("猫追狗")
    page.keyboard.press("Enter")
    named(page, "q13_text=" + quote("猫追狗"))
    expect(chips).to_have_text(["狗", "追", "猫"])
    expect(field).to_have_value("猫追狗")
    page.locator(".st-key-course_pictures svg.marks").first.click()
    page.keyboard.press("r")
    named(page, "q13_text", there=False)
    expect(chips).to_have_text(["你", "爱", "我"])
    expect(field).to_have_value("我爱你")


@pytest.mark.parametrize(("chapter", "language"), walks.in_turn(CHAPTERS, first="zh"))
def test_every_step_carries_a_hall(course, chapter, language):
    """From step to step by the clicker, on a stage of 1920 x 1080: something is drawn, nothing is cut, all can be read, all measures hold."""
    walked = of_chapter(chapter)
    page = course(f"demo={walked[0].id}&step=ask&stage=1&lang={language}")
    page.set_viewport_size({"width": 1920, "height": 1080})
    for one in walked:
        for step in STEPS:
            where = f"{one.id} {step}"
            if where != f"{walked[0].id} ask":
                clicker.forward(page)
            at(page, one.id, step)
            page.locator(f".st-key-course_step_{step}").wait_for(state="attached")
            page.locator(SEEN[step]).first.wait_for()
            if step == "ask":
                expect(page.locator(".st-key-course_question")).to_contain_text(read(one.module, language).question.replace("*", "")[:12])
            if step == "show" or (step == "notice" and one.more is not None):
                eventually(partial(page.evaluate, MARKS), lambda marks: marks and all(marks))
            if step == "notice":
                assert not page.locator(".course-measures .fails").all_inner_texts(), where
                # Guess, number, sentences and pictures are one window.
                seen = page.locator(f".course-guesses, .course-measures, .st-key-course_noticed p, {DRAWN}")
                eventually(partial(seen.evaluate_all, BOTTOM), lambda bottom: 0 < bottom <= 1080)
            eventually(partial(too_small, page), [], timeout=PATIENCE / 4)
            assert not page.evaluate(CUT), where
            assert not page.locator("[data-testid=stAlert]").all_inner_texts(), where


def test_contents_and_steps_break_no_rule(open_page):
    """axe-core and the contrast of letters in pictures, at a desk, first in the light theme, from the third step on in high contrast."""
    page = open_page("/course?lang=zh", wait_for=".st-key-card_Q3")
    eventually(partial(violations, page), [], timeout=PATIENCE / 4)
    page.locator(".st-key-open_Q3 button").click()
    for step in STEPS:
        page.locator(SEEN[step]).first.wait_for()
        if step == "notice":
            for theme in ("dark", "contrast"):
                page.keyboard.press("t")
                page.wait_for_function("theme => new URLSearchParams(location.search).get('theme') === theme", arg=theme)
        eventually(partial(violations, page), [], timeout=PATIENCE / 4)
        clicker.forward(page)


def test_a_cloud_is_turned_on_the_page_and_stays_turned_where_the_position_moves(course):
    page = course("demo=Q14&step=show&q14_view=space", "show")
    slider = page.locator(".st-key-course_pictures input[name=turn]")
    slider.wait_for()
    places = (
        "() => [...document.querySelectorAll('.st-key-course_pictures .mark-symbol path')].map((point) => point.getAttribute('transform')).join()"
    )
    before = page.evaluate(places)
    for _ in range(6):
        slider.press("ArrowRight")
    page.wait_for_function(f"before => ({places})() !== before", arg=before)
    at(page, "Q14", "show")
    assert slider.input_value() == "60"
    page.locator(".st-key-course_controls :is([role=slider], input[type=range])").first.press("ArrowRight")
    named(page, "q14_pos=5")
    eventually(lambda: page.locator(".st-key-course_pictures .stVegaLiteChart").first.inner_text(), lambda text: "10" in text)
    assert slider.input_value() == "60"


CROWDED = ("Q2", "Q4", "Q13", "Q14", "Q18", "Q20", "Q21b", "Q22b")
"""Demos with many controls in a row."""


@pytest.mark.thorough
@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_is_chosen_on_a_stage_is_seen_whole(course, language):
    page = course(f"demo={CROWDED[0]}&step=show&lang={language}", "show")
    for id_ in CROWDED:
        page.goto(page.url.split("/course")[0] + f"/course?demo={id_}&step=show&lang={language}&stage=1")
        resize(page, 1920, 1080)
        made = demo(id_)
        words = read(made.module, language)
        for control in made.controls:
            if control.is_text or control.is_slider or control.free or control.chips is not None:
                continue
            field = page.locator(f".st-key-{place.name(made, control.name)}")
            # One that matters stands as buttons where there is room, and a button is as wide as its words.
            field.locator("input, button").first.wait_for()
            if (box := field.locator("input")).count():
                assert not cut(box, [control.shown(value, words) for value in control.values]), (id_, control.name)
            else:
                assert field.locator("button").evaluate_all("all => all.every(e => e.scrollWidth <= e.clientWidth + 1)"), (id_, control.name)
