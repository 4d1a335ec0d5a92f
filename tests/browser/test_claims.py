"""Claims on trial in a real browser: guessed by keys, computed, judged, on a stage; and never a verdict under another claim."""

import re
from functools import cache, partial

import pytest
from playwright.sync_api import expect

from explorer.claims import claim
from explorer.claims.registry import TOPICS, of_topic, words_of
from explorer.ui.claims import place
from models import load
from tests.browser import clicker, walks
from tests.browser.accessibility import violations
from tests.browser.letters import too_small
from tests.browser.test_course import CUT
from tests.browser.waiting import PATIENCE, eventually

ASK, SHOWN = ".st-key-course_options input", ".claim-verdict"
BELOW = """() => Math.max(0, ...[...document.querySelectorAll(
  '.claim-verdict, .course-guesses, .course-measures, .st-key-course_step_notice .stMarkdown, .st-key-course_step_notice a, .st-key-claims_test')]
  .map((one) => one.getBoundingClientRect().bottom - window.innerHeight))"""
WATCH = """() => {
  // What stood together at any moment: the claim of the header, and the claim of each verdict.
  window.together = [];
  const look = () => {
    const header = document.querySelector('.st-key-course_bar p strong')?.innerText;
    for (const verdict of document.querySelectorAll('.claim-verdict')) {
      if (verdict.checkVisibility({ visibilityProperty: true })) window.together.push([header, verdict.dataset.claim]);
    }
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
  look();
}"""


@cache
def found(id_):
    return claim(id_).compute(cache(lambda name: load(name, "cpu")))


@pytest.fixture
def trial(open_page):
    def opened(address, wait_for=ASK):
        page = open_page(f"/claims?{address}", wait_for=wait_for)
        page.wait_for_function("window.__attentionExplorerCourse?.watching")
        return page

    return opened


def at(page, id_, shown):
    """Waits for an address."""
    page.wait_for_function(
        """([id, shown]) => {
          const said = new URLSearchParams(location.search);
          return said.get('claim') === id && (said.get('shown') === '1') === shown;
        }""",
        arg=[id_, shown],
    )


@pytest.mark.every_run
def test_a_claim_is_opened_guessed_by_keys_and_put_to_the_test(open_page):
    page = open_page("/claims", wait_for=".st-key-open_C42")
    page.locator(".st-key-search input").fill("uniform positions")
    page.locator(".st-key-search input").press("Enter")
    expect(page.locator("[class*=st-key-open_C]")).to_have_count(1)
    page.locator(".st-key-open_C42 button").click()
    page.locator(ASK).first.wait_for()
    at(page, "C42", False)
    page.wait_for_function("window.__attentionExplorerCourse?.place === 'claim=C42&shown=0'")
    for key in "aaabccc":
        page.keyboard.press(key)
    # All of them at once, so that a failure tells which presses are missing.
    fields = page.locator(ASK)
    eventually(lambda: fields.evaluate_all("all => all.map((one) => one.value)"), ["3", "1", "3"])
    assert not page.locator(SHOWN).count()
    page.locator(".st-key-claims_test button").click()
    verdict = page.locator(SHOWN)
    expect(verdict).to_contain_text(f"{found('C42').verdict.sign}{found('C42').verdict.title}{words_of(claim('C42'), 'en').condition}")
    for measure in found("C42").measures:
        expect(page.locator(".course-measures b", has_text=measure.shown).first).to_be_visible()
    expect(page.locator(".course-guesses small")).to_have_text("43% of the class were right")
    expect(page.locator(".course-guesses .right")).to_contain_text("holds only if")
    page.go_back()
    at(page, "C42", False)
    expect(page.locator(ASK).first).to_have_value("3")
    page.locator(".st-key-claims_contents button").click()
    page.locator(".st-key-open_C42").wait_for()
    page.locator(".st-key-claims_votes button").click()
    row = page.locator(".claim-votes > div").nth(1)
    expect(row.locator("em")).to_have_text(["43%", "14%", re.compile("43% ◐")])
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.locator(".st-key-stage_button button").first.click()
    page.locator(".st-key-stage_is_on").wait_for(state="attached")
    eventually(partial(too_small, page), [], timeout=PATIENCE / 4)


def test_a_press_that_is_lost_on_the_way_is_sent_again_and_counts_once(trial):
    page = trial("claim=C42")
    page.evaluate("""() => {
      const state = window.__attentionExplorerCourse, tell = state.tell;
      window.lost = 0;
      state.tell = (events) => (window.lost++ ? tell(events) : null);
    }""")
    page.keyboard.press("a")
    expect(page.locator(ASK).first).to_have_value("1")
    page.wait_for_function("window.__attentionExplorerCourse.events.length === 0")
    page.keyboard.press("b")
    eventually(lambda: page.locator(ASK).evaluate_all("all => all.map((one) => one.value)"), ["1", "1", "0"])


def test_a_clicker_goes_on_and_back_and_digits_jump(trial):
    order = place.in_order()
    page = trial(f"claim={order[0].id}")
    for id_, shown in [(order[0].id, True), (order[1].id, False), (order[1].id, True)]:
        clicker.forward(page)
        at(page, id_, shown)
        page.locator(SHOWN if shown else ASK).first.wait_for()
    page.keyboard.press("ArrowLeft")
    at(page, order[1].id, False)
    page.keyboard.type("42")
    at(page, "C42", False)
    expect(page.locator(".st-key-course_question")).to_contain_text(words_of(claim("C42"), "en").claim)
    for key in "rsn":
        page.keyboard.press(key)
    assert len(page.context.pages) == 1
    page.get_by_text("中文", exact=True).click()
    expect(page.locator(".st-key-course_question")).to_contain_text(words_of(claim("C42"), "zh").claim)
    at(page, "C42", False)


def test_no_verdict_ever_stands_under_another_claim(trial):
    """Back in the history, from one that was computed to one that was, over slow ones: at no moment."""
    page = trial("claim=C50&shown=1", SHOWN)
    page.evaluate(WATCH)
    for id_ in ("4", "41", "8"):
        page.keyboard.type(id_)
        at(page, f"C{id_}", False)
        clicker.forward(page)
        page.locator(f".claim-verdict[data-claim=C{id_}]").wait_for()
    for steps, id_ in ((-2, "C41"), (-2, "C4"), (-2, "C50"), (6, "C8")):
        page.evaluate("steps => history.go(steps)", steps)
        page.locator(f".claim-verdict[data-claim={id_}]").wait_for()
        at(page, id_, True)
    pairs = {tuple(pair) for pair in page.evaluate("window.together")}
    assert pairs == {(id_, id_) for id_ in ("C50", "C4", "C41", "C8")}


def test_the_link_to_the_course_opens_its_demo(trial):
    page = trial("claim=C6&shown=1", SHOWN)
    page.locator(".st-key-course_step_notice a").click()
    page.wait_for_function("location.pathname === '/course' && new URLSearchParams(location.search).get('demo') === 'Q8'")
    page.locator(".st-key-course_options input").first.wait_for()
    page.go_back()
    page.locator(SHOWN).wait_for()


@pytest.mark.parametrize(("topic", "language"), walks.in_turn(TOPICS))
def test_every_claim_carries_a_hall(trial, topic, language):
    """By the clicker, on a stage of 1920 x 1080: all in one screen, no letter too small, nothing cut, all numbers as expected."""
    walked = of_topic(topic)
    page = trial(f"claim={walked[0].id}&stage=1&lang={language}")
    page.set_viewport_size({"width": 1920, "height": 1080})
    for one in walked:
        for shown in (False, True):
            where = f"{one.id} {'shown' if shown else 'asked'}"
            if where != f"{walked[0].id} asked":
                clicker.forward(page)
            at(page, one.id, shown)
            page.locator(f".claim-verdict[data-claim={one.id}]" if shown else ASK).first.wait_for()
            eventually(partial(too_small, page), [], timeout=PATIENCE / 4)
            assert eventually(partial(page.evaluate, BELOW), lambda pixels: pixels is not None) < 1, where
            assert not page.evaluate(CUT), where
            assert not page.locator(".course-measures .fails").all_inner_texts(), where
            assert not page.locator("[data-testid=stAlert]").all_inner_texts(), where


def test_contents_and_a_verdict_break_no_rule(open_page):
    """axe-core and the contrast of letters, in each theme."""
    page = open_page("/claims?lang=zh", wait_for=".st-key-open_C42")
    eventually(partial(violations, page), [], timeout=PATIENCE / 4)
    page.locator(".st-key-open_C42 button").click()
    page.locator(ASK).first.wait_for()
    eventually(partial(violations, page), [], timeout=PATIENCE / 4)
    page.locator(".st-key-claims_test button").click()
    page.locator(SHOWN).wait_for()
    for theme in ("dark", "contrast", "light"):
        eventually(partial(violations, page), [], timeout=PATIENCE / 4)
        page.keyboard.press("t")
        page.wait_for_function("theme => (new URLSearchParams(location.search).get('theme') ?? 'light') === theme", arg=theme)
