"""The room in a real browser: the lecturer's stage in one, a phone in another."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from explorer.lectures.words import read
from scripts.serve import serve
from tests.browser import clicker
from tests.browser.accessibility import violations
from tests.browser.conftest import ONE_THREAD
from tests.browser.waiting import PATIENCE, eventually

KEY = "a key for the test"
PHONE = {"width": 390, "height": 844}
STAGE = {"width": 1920, "height": 1080}


@pytest.fixture(scope="module")
def room_url():
    with serve(timeout=180, environment=ONE_THREAD, room_key=KEY) as url:
        yield url


@pytest.fixture
def hall(browser, room_url):
    """Opens the stage and phones; in the end no request may have left the machine, and no script may have failed."""
    seen, failed, contexts = [], [], []

    def opened(address, language="en-US", viewport=STAGE, **how):
        context = browser.new_context(viewport=viewport, locale=language, **how)
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: seen.append(request.url))
        page.on("websocket", lambda socket: seen.append(socket.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.on("console", lambda message: failed.append(message.text) if "Content Security Policy" in message.text else None)
        page.goto(address)
        return page

    def stage(path, language="en-US"):
        page = opened(f"{room_url}{path}&key={KEY}", language)
        page.wait_for_function("window.__attentionExplorerCourse?.watching")
        page.locator("[class*=st-key-course_step_]").wait_for(state="attached")
        return page

    def phone(address, language="en-US"):
        return opened(address, language, PHONE, is_mobile=True, has_touch=True)

    yield stage, phone
    for context in contexts:
        context.close()
    assert not failed
    assert seen and not [url for url in seen if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != "127.0.0.1"]


def address_on(stage):
    return "http://" + stage.locator(".st-key-course_votes b").first.inner_text()


def options(phone):
    return phone.locator("#room .options button")


def bars(stage):
    return [int(n) for n in stage.locator(".room-bar b").all_inner_texts()]


@pytest.mark.every_run
@pytest.mark.parametrize(
    ("demo", "module", "language"), [("Q3", "q03_scaling", "en"), pytest.param("Q8", "q08_parameters", "zh", marks=pytest.mark.thorough)]
)
def test_a_phone_joins_votes_changes_its_vote_and_hears_the_answer_with_the_hall(hall, demo, module, language):
    open_stage, open_phone = hall
    words = read(module, language)
    locale = {"en": "en-US", "zh": "zh-CN"}[language]
    stage = open_stage(f"/course?demo={demo}&step=ask&stage=1&lang={language}", locale)
    assert KEY.split()[0] + "+" not in stage.url and "key=" not in stage.url, "the hall sees the address"
    votes = stage.locator(".st-key-course_votes")
    phone = open_phone(address_on(stage), locale)
    expect(options(phone)).to_have_count(len(words.options))
    # In the same order, under the same letters.
    on_stage = stage.locator(".st-key-course_options .stMarkdown p").all_inner_texts()
    assert [re.sub(r"\s+", " ", one).strip() for one in on_stage] == [
        re.sub(r"\s+", " ", one).strip() for one in options(phone).all_inner_texts()
    ]
    for at in (0, 2):
        options(phone).nth(at).tap()
        expect(phone.locator("#room .said")).to_contain_text("ABCD"[at])
        expect(options(phone).nth(at)).to_have_attribute("aria-pressed", "true")
        expect(phone.locator("[aria-pressed=true]")).to_have_count(1)
    expect(votes).to_contain_text(re.compile(r"(Votes|票数)[:：] ?1"))
    assert not bars(stage)
    stage.keyboard.press("v")
    eventually(lambda: bars(stage), lambda drawn: sum(drawn) == 1 and drawn[2] == 1)
    options(phone).nth(1).tap()
    eventually(lambda: bars(stage), lambda drawn: sum(drawn) == 1 and drawn[1] == 1)
    # Show: the vote is closed, and nothing is told.
    clicker.forward(stage)
    phone.locator(".part.show").wait_for()
    expect(options(phone).first).to_be_disabled()
    assert not phone.locator(".part.notice, .options .right").count()
    stage.locator(".st-key-course_pictures svg.marks").first.wait_for()
    clicker.forward(stage)
    phone.locator(".part.notice").wait_for()
    expect(stage.locator(".course-guesses .right")).to_have_count(1)
    right = words.options[{"Q3": "C"}.get(demo) or stage_right(stage, words)]
    expect(phone.locator(".options .right")).to_contain_text(right)
    # The phone's vote is one of the hands.
    row = stage.locator(".course-guesses .guess").nth(1)
    expect(row.locator("b").nth(1)).to_have_text("1")


def stage_right(stage, words):
    text = stage.locator(".course-guesses .right span").inner_text().removeprefix("★ ")
    return next(letter for letter, option in words.options.items() if option == text)


def test_who_wanders_off_reads_on_votes_for_nothing_and_comes_back(hall):
    open_stage, open_phone = hall
    stage = open_stage("/course?demo=Q4&step=ask&lang=en")
    phone = open_phone(address_on(stage))
    options(phone).nth(0).tap()
    expect(phone.locator("#room .said")).to_contain_text("Counted: A")
    phone.locator("#list").tap()
    phone.locator(".list a", has_text="Q12 ·").tap()
    expect(phone.locator(".question")).to_contain_text(read("q12_output", "en").question[:30])
    expect(options(phone).first).to_be_disabled()
    # The lecturer goes on; who reads alone is left in peace.
    clicker.forward(stage)
    at_stage = stage.locator(".st-key-course_step_show")
    at_stage.wait_for(state="attached")
    expect(phone.locator(".question")).to_contain_text(read("q12_output", "en").question[:30])
    phone.locator("#back").tap()
    expect(phone.locator(".question")).to_contain_text(read("q04_cost", "en").question[:30])
    expect(phone.locator("#room .said")).to_contain_text("Your answer: A")
    phone.go_back()
    expect(phone.locator(".question")).to_contain_text(read("q12_output", "en").question[:30])


def test_a_vote_without_a_network_is_sent_when_there_is_one(hall):
    open_stage, open_phone = hall
    stage = open_stage("/course?demo=Q5&step=ask&lang=en")
    phone = open_phone(address_on(stage))
    options(phone).nth(1).tap()
    expect(phone.locator("#room .said")).to_contain_text("Counted: B")
    phone.context.set_offline(True)
    options(phone).nth(2).tap()
    expect(phone.locator("#room .said")).to_contain_text("Not counted yet")
    expect(phone.locator("#lost")).to_be_visible()
    phone.context.set_offline(False)
    expect(phone.locator("#room .said")).to_contain_text("Counted: C")
    expect(phone.locator("#lost")).to_be_hidden()
    # Loaded anew it is the same phone.
    phone.reload()
    expect(options(phone).nth(2)).to_have_attribute("aria-pressed", "true")
    expect(stage.locator(".st-key-course_votes")).to_contain_text("Votes: 1")


def test_what_is_being_typed_stays_while_the_stage_looks_at_the_room(hall):
    open_stage, _open_phone = hall
    stage = open_stage("/course?demo=Q6&step=ask&lang=en")
    field = stage.locator(".st-key-course_options input").first
    field.click()
    field.press("End")
    stage.keyboard.type("7")
    looked = stage.evaluate("() => performance.now()")
    stage.wait_for_function("before => performance.now() - before > 3500", arg=looked)
    expect(field).to_have_value("07")
    field.press("Enter")
    expect(field).to_have_value("7")


def test_the_code_stands_on_the_stage_in_letters_for_the_last_row(hall):
    open_stage, _open_phone = hall
    stage = open_stage("/course?demo=Q3&step=ask&stage=1&lang=en")
    stage.keyboard.press("j")
    address = stage.locator(".join-address")
    address.wait_for()
    small = """() => [...document.querySelectorAll('.join-how, .join-address')].map(
      (one) => parseFloat(getComputedStyle(one).fontSize) * one.currentCSSZoom)"""
    assert min(stage.evaluate(small)) >= 24
    code = stage.locator(".st-key-course_join_panel img")
    eventually(lambda: code.bounding_box(), lambda box: box and min(box["width"], box["height"]) > 400)
    stage.keyboard.press("j")
    expect(address).to_have_count(0)


@pytest.mark.every_run
def test_a_stranger_finds_the_phones_page_and_nothing_else(hall, room_url):
    _open_stage, open_phone = hall
    for path in ("/", "/course", "/attention"):
        phone = open_phone(room_url + path)
        expect(phone.locator("body")).to_contain_text("the lecturer's address")
    phone.locator("a").tap()
    phone.locator("#code").fill("0000")
    phone.locator("form button").tap()
    expect(phone.locator("form .said")).to_contain_text("no room")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_phones_page_breaks_no_rule(hall, theme):
    open_stage, open_phone = hall
    stage = open_stage("/course?demo=Q3&step=ask&lang=zh")
    phone = open_phone(address_on(stage), "zh-CN")
    phone.emulate_media(color_scheme=theme)
    expect(options(phone)).to_have_count(4)
    assert not violations(phone)
    phone.locator("#list").tap()
    phone.locator(".list a").first.wait_for()
    assert not violations(phone)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.thorough
def test_two_phones_vote_on_a_claim_in_their_languages_and_hear_the_verdict_with_the_hall(hall):
    """One of them reloads and goes back in the middle; the other changes its language. Nobody has two votes, and nothing is told too soon."""
    stage_at, phone_at = hall
    stage = stage_at("/claims?claim=C6&stage=1")
    one, other = phone_at(address_on(stage)), phone_at(address_on(stage), "zh-CN")
    expect(one.locator(".question")).to_contain_text("Eight heads")
    expect(options(other)).to_have_count(3)
    options(one).nth(0).tap()
    options(other).nth(1).tap()
    expect(stage.locator("[data-room=votes]")).to_have_text("2")
    one.reload()
    expect(options(one).nth(0)).to_have_attribute("aria-pressed", "true")
    one.locator("#list").tap()
    expect(one.locator(".list").last).to_contain_text("C")
    one.go_back()
    options(one).nth(1).tap()
    other.locator("#language").tap()
    expect(options(other).nth(1)).to_have_attribute("aria-pressed", "true")
    expect(options(other).nth(1)).to_contain_text("does not hold")
    stage.keyboard.press("v")
    eventually(lambda: bars(stage), [0, 2, 0])
    assert not one.locator(".notice, .right").count()
    clicker.forward(stage)
    stage.locator(".claim-verdict").wait_for()
    for phone in (one, other):
        expect(phone.locator(".options .right")).to_have_count(1)
        expect(phone.locator(".part.notice")).to_contain_text("1,048,576")
        expect(options(phone).first).to_be_disabled()
    expect(stage.locator(".course-guesses")).to_contain_text("100%")


_ALONE = """() => {
  // Of all that wraps, the last lines that hold one character, or two.
  const found = [], range = document.createRange();
  for (const text of document.querySelectorAll('.options button > span > span, .list a')) {
    const lines = new Map(), walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      for (let i = 0; i < walker.currentNode.length; i++) {
        range.setStart(walker.currentNode, i);
        range.setEnd(walker.currentNode, i + 1);
        const box = range.getClientRects()[0], letter = walker.currentNode.data[i].trim();
        if (box && letter) lines.set(Math.round(box.bottom / 8), (lines.get(Math.round(box.bottom / 8)) ?? '') + letter);
      }
    }
    const last = [...lines.keys()].sort((a, b) => a - b).pop();
    if (lines.size > 1 && lines.get(last).length < 3) found.push(text.innerText);
  }
  return found;
}"""


@pytest.mark.thorough
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_no_answer_and_no_title_leaves_one_character_alone_on_a_line_of_a_phone(hall, language):
    open_stage, open_phone = hall
    stage = open_stage("/course?demo=Q3&step=ask&lang=en")
    phone = open_phone(address_on(stage), language)
    phone.locator("#list").tap()
    phone.locator(".list a").first.wait_for()
    assert not phone.evaluate(_ALONE)
    names = phone.locator(".list a").evaluate_all("(links) => links.map((one) => one.hash.slice(1))")
    assert len(names) > 50
    for name in names:
        phone.evaluate("(name) => { location.hash = name }", name)
        phone.wait_for_function("(name) => document.querySelector('h1')?.innerText.split(' ')[0] === name", arg=name)
        assert not phone.evaluate(_ALONE), name
