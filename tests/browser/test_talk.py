"""A lecture in a real browser: taken from pages, played through the app; and its exported file, opened from disk without a network."""

import json
from functools import cache

import pytest
from playwright.sync_api import expect

from explorer.charts.common.picture import rows
from explorer.claims import claim
from explorer.claims.registry import words_of
from explorer.i18n import speaking
from explorer.lectures import demo
from explorer.lectures.words import read
from explorer.talk import Step, Talk, opened
from explorer.talk.export import exported
from explorer.talk.sheet import sheet
from models import load
from tests.browser import clicker, from_disk
from tests.browser.accessibility import violations
from tests.browser.letters import too_small
from tests.browser.waiting import eventually, settled


@cache
def models(name):
    return load(name, "cpu")


SPEC = {
    "mark": "bar",
    "data": {"name": "t"},
    "datasets": {"t": [{"a": "x", "b": 1}, {"a": "y", "b": 3}]},
    "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}},
}
TALK = Talk(
    "Heads",
    (
        Step("text", title="<i>Welcome</i>", text="to *everybody*", notes="smile"),
        *[Step("demo", "Q8", step, minutes=2) for step in ("ask", "show", "notice", "follow")],
        Step("page", "claims", settings={"claim": "C6"}),
        Step("page", "prune", settings={"text": "abc"}, title="Pruning", pictures=(SPEC,), taken="2026-11-28 10:00"),
    ),
)
TABLE = """([i, name]) => {
  const box = document.querySelectorAll('.pictures > div')[i];
  return box?.shown ? box.shown.view.data(name).map((row) => ({...row})) : null;
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    made = tmp_path_factory.mktemp("talk") / "talk.html"
    made.write_text(exported(TALK, models), encoding="utf-8")
    return made


@pytest.fixture
def played(browser, file):
    """The file in a browser that has no network, on a hall's screen; in the end nothing was asked for and nothing went wrong."""
    with from_disk.opened(browser, file) as (page, wrong):
        yield page
    assert not wrong


def where(page, number):
    expect(page.locator("#where")).to_have_text(f"{number} / {len(TALK.steps)}")


@pytest.mark.every_run
def test_a_clicker_goes_through_all_steps_and_every_letter_can_be_read_in_both_languages(played):
    for language in ("en", "zh"):
        played.keyboard.press("Home")
        for number in range(1, len(TALK.steps) + 1):
            where(played, number)
            played.wait_for_function(from_disk.DRAWN)
            assert not too_small(played, "body"), (language, number)
            if played.locator(".onward").count() and played.evaluate("Boolean(step().claim)"):
                played.keyboard.press("PageDown")
                assert not too_small(played, "body"), (language, number)
            assert played.evaluate("document.documentElement.scrollWidth <= innerWidth")
            played.keyboard.press("PageDown")
        where(played, len(TALK.steps))
        assert played.evaluate("document.documentElement.lang") == language
        played.keyboard.press("l")


def test_the_slider_draws_what_the_demo_computes_there(played):
    one, words = demo("Q8"), read("q08_parameters", "en")
    played.evaluate("go(2)")
    for heads in (1, 32, 4):
        at = one.controls[0].values.index(heads)
        played.locator("input[type=range]").fill(str(at))
        result = one.compute(models, **one.defaults(words) | {"heads": heads})
        with speaking("en"):
            pictures = one.pictures(result, words, False)
        for i, picture in enumerate(pictures):
            for name, table in picture.tables.items():
                eventually(lambda i=i, name=name: played.evaluate(TABLE, [i, name]), json.loads(json.dumps(rows(table))))
        expect(played.locator(".controls output")).to_have_text(str(heads))
    # The notice has the numbers of where the slider stands; r takes it back.
    played.keyboard.press("PageDown")
    expect(played.locator("table")).to_contain_text(f"{result['many']:,}")
    assert "With 4 heads" in played.locator(".found").inner_text()
    played.keyboard.press("r")
    expect(played.locator(".found")).to_contain_text("With 8 heads")


def test_hands_are_counted_and_stand_beside_what_was_measured(played):
    played.evaluate("go(1)")
    assert "✓" not in played.locator("#stage").inner_text()
    for _hand in range(3):
        played.keyboard.press("b")
    played.locator(".option").nth(0).click()
    chosen = played.locator(".option span").nth(1).inner_text()
    played.evaluate("go(3)")
    row = played.locator(".guess").nth(1)
    assert chosen in row.inner_text() and "3" in row.locator("i").inner_text()
    right = read("q08_parameters", "en").options["D"]
    assert right in played.locator(".guess.right").inner_text() and played.locator(".guess.right").count() == 1


def test_a_claim_is_guessed_before_it_is_judged(played):
    played.evaluate("go(5)")
    words, found = words_of(claim("C6"), "en"), claim("C6").compute(models)
    assert words.claim in played.locator("#stage").inner_text() and not played.locator(".verdict").count()
    played.keyboard.press("b")
    played.keyboard.press("PageDown")
    expect(played.locator(".verdict")).to_contain_text("does not hold")
    assert played.locator("table td:nth-child(2)").all_inner_texts() == [measure.shown for measure in found.measures]
    assert played.locator(".guess.right i").inner_text() == "1"
    played.keyboard.press("PageDown")
    where(played, 7)


def test_words_of_ones_own_are_words_and_a_page_shows_what_was_taken(played):
    assert "<i>Welcome</i>" in played.locator("#stage").inner_text() and played.locator(".words em").inner_text() == "everybody"
    played.keyboard.press("End")
    played.wait_for_function(from_disk.DRAWN)
    assert played.evaluate("document.querySelector('.pictures > div').shown.view.data('t').map((row) => row.b)") == [1, 3]
    assert "2026-11-28 10:00" in played.locator("#stage").inner_text() and "text: abc" in played.locator("#stage").inner_text()


def test_the_speakers_window_follows(played):
    with played.expect_popup() as waiting:
        played.keyboard.press("n")
    beside = waiting.value
    expect(beside.locator("body")).to_contain_text("smile")
    expect(beside.locator("body")).to_contain_text("Do more heads need more parameters?")
    played.keyboard.press("PageDown")
    expect(beside.locator("body")).to_contain_text("The heads are a reshape")


def test_contents_keys_and_black(played):
    played.keyboard.press("0")
    played.locator(".contents button").nth(3).click()
    where(played, 4)
    played.keyboard.press(".")
    assert played.locator("#stage").is_hidden()
    played.keyboard.press(".")
    played.keyboard.press("?")
    expect(played.locator("dialog")).to_contain_text("Page Down")


def test_the_file_can_be_used_by_everybody(played):
    for number in range(len(TALK.steps)):
        played.evaluate(f"go({number})")
        played.wait_for_function(from_disk.DRAWN)
        assert not violations(played)


def test_pictures_are_not_cut_when_their_numbers_change(browser, tmp_path):
    """Other numbers need other room at an axis: a picture that is filled anew is as large as one that is drawn anew."""
    made = tmp_path / "talk.html"
    made.write_text(exported(Talk("", (Step("demo", "Q7", "show"),)), models), encoding="utf-8")
    page = browser.new_page()
    page.goto(made.as_uri())
    sizes = "[...document.querySelectorAll('.pictures svg.marks')].map((svg) => svg.getAttribute('viewBox'))"
    for field in page.locator("input[type=range]").all():
        page.wait_for_function(from_disk.DRAWN)
        before = page.locator(".pictures svg.marks").first.inner_html()
        field.fill("0")
        eventually(lambda before=before: page.locator(".pictures svg.marks").first.inner_html(), lambda found, before=before: found != before)
        moved = page.evaluate(sizes)
        page.evaluate("render()")
        page.wait_for_function(from_disk.DRAWN)
        assert moved == page.evaluate(sizes)
    page.close()


def taken(page, *addresses):
    """Puts steps into the lecture on its page."""
    for number, address in enumerate(addresses, start=1):
        # The field is emptied at the end of a run: what is typed before that is lost with it.
        settled(page)
        page.locator(".st-key-talk_address input").fill(address)
        page.keyboard.press("Enter")
        expect(page.locator(".chip")).to_have_count(number)
    settled(page)


def test_the_arrow_keys_move_a_step_on_and_on_and_its_words_go_with_it(open_page):
    page = open_page("/talk", wait_for=".st-key-talk_address")
    taken(page, "/course?demo=Q8", "/course?demo=Q3", "/course?demo=Q1")
    page.get_by_label("Notes for the speaker").fill("of the first question")
    page.keyboard.press("Control+Enter")
    settled(page)
    page.locator(".chip").last.focus()
    for order in (["1 Q8 Ask", "2 Q1 Ask", "3 Q3 Ask"], ["1 Q1 Ask", "2 Q8 Ask", "3 Q3 Ask"]):
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".chip")).to_have_text(order)
    settled(page)
    expect(page.locator("[class*=st-key-talk_step_] input")).to_have_value("1 · Q1 Ask · What is self-attention there to do?")
    expect(page.get_by_label("Notes for the speaker")).to_have_value("of the first question")


def test_a_clicker_turns_when_a_slider_was_held_last_and_the_notice_speaks_of_what_was_shown(open_page):
    page = open_page("/talk", wait_for=".st-key-talk_address")
    taken(page, "/course?demo=Q3&step=show", "/course?demo=Q3&step=notice", "/course?demo=Q3&step=show&q3_d_k=1024", "/attention?text=Cats")
    page.locator(".st-key-talk_play button").first.click()
    slider = page.locator(".st-key-q3_d_k input[type=range]").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("new URLSearchParams(location.search).get('q3_d_k') === '256'")
    settled(page)
    slider.focus()
    clicker.forward(page)
    page.wait_for_function("new URLSearchParams(location.search).get('step') === 'notice'")
    expect(page.locator("body")).to_contain_text("At d_k = 256 the variance")
    settled(page)
    # Another setting of the same demo is its own.
    clicker.forward(page)
    page.wait_for_function("new URLSearchParams(location.search).get('q3_d_k') === '1024'")


def test_the_stage_and_the_language_stay_from_step_to_step(open_page):
    page = open_page("/talk?lang=zh&stage=1", wait_for=".st-key-talk_address")
    taken(page, "/positions", "/softmax", "/positions?positions=rope")
    page.locator(".st-key-talk_play button").first.click()
    for number, shown in enumerate((".st-key-sinusoidal", ".st-key-vectors", ".st-key-rope"), start=1):
        page.locator(f"{shown} svg.marks").first.wait_for()
        expect(page.locator(".st-key-talk_bar")).to_contain_text(f"{number} / 3")
        settled(page)
        expect(page.locator(".stSidebar")).to_be_hidden()
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        if number < 3:
            page.locator(".st-key-talk_next button").first.click()


@pytest.mark.thorough
def test_a_clicker_goes_on_where_the_last_figure_never_comes_to_the_middle_of_the_stage(open_page):
    page = open_page("/talk?stage=1", wait_for=".st-key-talk_address", size=(1920, 1080))
    taken(page, "/compare", "/softmax")
    page.locator(".st-key-talk_play button").first.click()
    figures = page.locator(".st-key-changed_heads svg.marks, .st-key-changed_head svg.marks")
    figures.last.wait_for()
    settled(page)
    for _press in range(len(figures.all()) + 1):
        page.keyboard.press("PageDown")
    page.wait_for_function("new URLSearchParams(location.search).get('talk') === '2'")


@pytest.mark.every_run
def test_a_lecture_is_taken_from_pages_and_played_back(open_page):
    page = open_page("/?text=Dogs%20bark")
    page.locator(".st-key-talk_add button").first.click()
    expect(page.locator("[data-testid=stToast]")).to_contain_text("Step 1")
    # What the page shows afterwards changes nothing of what was taken.
    page.locator(".st-key-text_bar textarea").first.fill("Cats sleep all day")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-text_bar")).to_contain_text("sleep")
    page.get_by_role("link", name="Your lecture").click()
    page.locator(".st-key-talk_address input").fill("/course?demo=Q3&step=show&q3_d_k=1024")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_contain_text("2 steps")
    page.locator(".st-key-talk_words button").first.click()
    expect(page.locator("body")).to_contain_text("3 steps")
    with page.expect_download() as waiting:
        page.locator(".st-key-talk_save button").first.click()
    saved = opened(waiting.value.path().read_bytes())
    assert [step.kind for step in saved.steps] == ["page", "demo", "text"]
    assert saved.steps[0].settings["text"] == "Dogs bark" and saved.steps[0].pictures
    page.locator(".st-key-talk_play button").first.click()
    page.wait_for_function("new URLSearchParams(location.search).get('text') === 'Dogs bark'")
    expect(page.locator(".st-key-text_bar textarea").first).to_have_value("Dogs bark")
    settled(page)
    page.keyboard.press("PageDown")
    page.wait_for_function("new URLSearchParams(location.search).get('q3_d_k') === '1024'")
    expect(page.locator(".st-key-course_bar")).to_contain_text("2 / 3")
    settled(page)
    page.keyboard.press("PageDown")
    expect(page.locator(".st-key-talk_bar")).to_contain_text("3 / 3")
    settled(page)
    page.keyboard.press("PageUp")
    expect(page.locator(".st-key-course_bar")).to_contain_text("2 / 3")
    settled(page)
    # Back undoes what was pressed last, one step each.
    page.go_back()
    expect(page.locator(".st-key-talk_bar")).to_contain_text("3 / 3")


def test_a_sheet_speaks_the_language_of_the_page(open_page):
    page = open_page("/talk?lang=zh", wait_for=".st-key-talk_address")
    page.get_by_role("button", name="课后").first.click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="带答案").first.click()
    with speaking("zh"):
        assert waiting.value.path().read_text(encoding="utf-8") == sheet(1, True)


@pytest.mark.every_run
def test_a_lecture_comes_back_where_its_tab_was_loaded_again_or_closed(open_page):
    page = open_page("/talk", wait_for=".st-key-talk_address")
    page.locator(".st-key-talk_address input").fill("/course?demo=Q3&step=show&q3_d_k=1024")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_contain_text("1 step")
    eventually(lambda: page.evaluate("Object.keys(localStorage).filter(key => key.includes('lecture')).length"), 1)
    page.reload()
    expect(page.locator(".st-key-talk_offer")).to_contain_text("1 step")
    # What is made meanwhile is not lost to it.
    page.locator(".st-key-talk_words button").first.click()
    expect(page.locator("body")).to_contain_text("1 step, 3 min")
    page.locator(".st-key-talk_take button").first.click()
    expect(page.locator("body")).to_contain_text("2 steps, 7 min")
    expect(page.locator(".st-key-talk_offer")).to_have_count(0)
    # Only what is there now is left in the browser.
    kept = (
        "Object.values(localStorage).filter(text => text.includes('attention_explorer_lecture')).map(text => JSON.parse(JSON.parse(text).text))"
    )
    eventually(lambda: [[step["kind"] for step in one["steps"]] for one in page.evaluate(kept)], [["text", "demo"]])
    page.reload()
    page.locator(".st-key-talk_forget button").first.click()
    expect(page.locator(".st-key-talk_offer")).to_have_count(0)
    eventually(lambda: page.evaluate(kept), [])


def test_what_stands_in_the_browsers_store_is_checked_like_a_file(open_page):
    page = open_page("/talk", wait_for=".st-key-talk_address")
    page.evaluate("""() => {
        const put = (name, text) => localStorage.setItem("attention-explorer-lecture:" + name, text);
        put("a", "no JSON");
        put("b", JSON.stringify({at: 1, text: '{"attention_explorer_lecture": 1, "steps": [{"kind": "page", "name": "../../etc/passwd"}]}'}));
    }""")
    page.reload()
    settled(page)
    expect(page.locator(".st-key-talk_offer")).to_have_count(0)
    eventually(lambda: page.evaluate("Object.keys(localStorage).filter(key => key.includes('lecture:'))"), [])


@pytest.mark.thorough
def test_steps_on_pages_whose_widgets_are_bound_open_as_their_links_do(open_page):
    """Two trainings one after the other, then a text that is made: each stands as its step has it, and nothing of the one before is left."""
    page = open_page("/talk", wait_for=".st-key-talk_address")
    steps = ("/training?lab_preset=recall&lab_d_model=64", "/training?lab_preset=copying&lab_norm=post", "/generate?model=gpt2-mini&top_k=5")
    for n, step in enumerate(steps, start=1):
        page.locator(".st-key-talk_address input").fill(step)
        page.keyboard.press("Enter")
        expect(page.locator("body")).to_contain_text(f"{n} step")
        settled(page)
    page.locator(".st-key-talk_play button").first.click()
    seen = []
    for n, (selector, value) in enumerate((("Task", "recall"), ("Task", "copying"), ("Top k (0: all)", "5"), ("Task", "copying")), start=1):
        expect(page.get_by_label(selector, exact=True).first).to_have_value(value)
        settled(page)
        seen.append(page.evaluate("location.search"))
        page.keyboard.press("PageDown" if n < 3 else "PageUp")
    assert "lab_d_model=64" in seen[0] and "lab_norm=post" in seen[1] and "lab_d_model" not in seen[1] and "lab_norm=post" in seen[3]
