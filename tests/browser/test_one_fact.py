"""One new fact of a real model, on the stage and in a file without a network: what is drawn and written is what was measured."""

import pytest
from playwright.sync_api import expect

from explorer.cli.main import main
from explorer.i18n import LANGUAGES
from explorer.lectures import q24b_forgetting as q24b
from explorer.lectures import shipped
from explorer.lectures.words import read
from explorer.talk import Step, Talk
from explorer.talk.file import saved
from tests.browser import from_disk
from tests.browser.letters import too_small
from tests.browser.waiting import eventually, resize

POINTS = """svg => {
  // Of each point: in which colour, and where, as shares of the drawing's width and height.
  const points = [...svg.querySelectorAll('.mark-symbol.role-mark path')];
  const at = points.map(point => /\\((.*)\\)/.exec(point.getAttribute('transform'))[1].split(',').map(Number));
  const [wide, high] = [0, 1].map(i => Math.max(...at.map(place => place[i])));
  return points.map((point, i) => [point.getAttribute('fill'), at[i][0] / wide, 1 - at[i][1] / high]);
}"""
LEGEND = "svg => [...svg.querySelectorAll('.role-legend-symbol path')].map(symbol => symbol.getAttribute('fill'))"


def ways(rank):
    """Each way's title in the words, and its name in the measurement; in the order in which they are drawn."""
    return {"context": "context", "lora": f"lora{rank}", "full": "full"}


def curves(rank):
    """Share of the facts that are known after 0, 1, 2 .. tellings or steps, of each way, counted from the measurement."""
    known = shipped.read("q24b_forgetting").data["fact"]["known"]
    last = max(n for name in ways(rank).values() for n in known[name] if n is not None)
    found = []
    for way, name in ways(rank).items():
        ends = min(last, 8) if way == "context" else last
        found.append([(n / last, sum(1 for at in known[name] if at is not None and at <= n) / len(known[name])) for n in range(ends + 1)])
    return found


def table(rank, words):
    """The rows that are written: how often or how long, how many numbers move, how many other texts go on as before."""
    fact = shipped.read("q24b_forgetting").data["fact"]
    rows = []
    for way, name in ways(rank).items():
        counts, kept = [n for n in fact["known"][name] if n is not None], fact["kept"][name]
        share = sum(kept) / (len(kept) * fact["others"])
        rows += [words.label(f"fact_way.{way}"), f"{sum(counts) / len(counts):.1f}", f"{fact['numbers'][name]:,}", f"{share:.0%}"]
    return rows


def drawn(pictures, rank, words):
    """Waits until both pictures show the facts at this rank."""
    curve, price = pictures.nth(0), pictures.nth(1)
    wanted = [(round(x, 3), round(y, 3)) for line in curves(rank) for x, y in line]
    eventually(lambda: [(round(x, 3), round(y, 3)) for _fill, x, y in curve.evaluate(POINTS)], wanted)
    fills = [fill for fill, _x, _y in curve.evaluate(POINTS)]
    # Each way's points have the colour that the legend says.
    assert fills == [colour for colour, line in zip(curve.evaluate(LEGEND), curves(rank), strict=True) for _point in line]
    written = price.locator(".mark-text.role-mark text")
    eventually(lambda: [text.strip() for text in written.all_text_contents()][4:16], table(rank, words))


@pytest.mark.thorough
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_fact_is_drawn_as_it_was_measured_and_the_notice_says_the_same(open_page, language):
    words = read("q24b_forgetting", language)
    page = open_page(f"/course?demo=Q24b&step=show&stage=1&lang={language}", wait_for=".st-key-course_pictures svg.marks")
    resize(page, 1920, 1080)
    page.locator(".st-key-q24b_view input").click()
    page.get_by_role("option", name=words.label("view.fact")).click()
    page.wait_for_function("location.search.includes('q24b_view=fact')")
    pictures = page.locator(".st-key-course_pictures svg.marks")
    drawn(pictures, 4, words)
    page.locator(".st-key-q24b_rank").get_by_role("slider").press("ArrowRight")
    page.wait_for_function("location.search.includes('q24b_rank=8')")
    drawn(pictures, 8, words)
    assert not too_small(page)
    page.keyboard.press("PageDown")
    result = q24b.compute(None, rank=8, view="fact")
    for at, measure in enumerate(result.measures[:10]):
        row = page.locator(".course-measures > div").nth(at)
        expect(row).to_contain_text(words.label(measure.name))
        expect(row.locator("b")).to_have_text(measure.shown)
    noticed = page.locator(".st-key-course_noticed")
    for name in ("times_full", "times_lora", "fact_context"):
        expect(noticed).to_contain_text(next(measure.shown for measure in result.measures if measure.name == name))


@pytest.mark.thorough
def test_a_new_fact_lives_in_a_talk_that_has_no_network(browser, tmp_path):
    lecture, file = tmp_path / "lecture.json", tmp_path / "talk.html"
    lecture.write_text(saved(Talk("Facts", tuple(Step("demo", "Q24b", step) for step in ("ask", "show", "notice")))), encoding="utf-8")
    assert main(["lectures", "export", str(lecture), "--out", str(file)]) == 0
    with from_disk.opened(browser, file) as (page, wrong):
        for language in ("en", "zh"):
            words = read("q24b_forgetting", language)
            eventually(lambda: page.evaluate("document.documentElement.lang"), language)
            page.evaluate("go(1)")
            page.wait_for_function(from_disk.DRAWN)
            controls = page.locator(".controls label")
            controls.filter(has_text=words.label("view")).locator("select").select_option(label=words.label("view.fact"))
            pictures = page.locator(".pictures svg.marks")
            rank = controls.filter(has_text=words.label("rank")).locator("input")
            for at, value in ((0, 1), (3, 8), (2, 4)):
                rank.fill(str(at))
                drawn(pictures, value, words)
            assert not too_small(page, "body")
            page.evaluate("go(2)")
            expect(page.locator("table tr").first).to_contain_text(words.label("fact_before"))
            shown = {measure.name: measure.shown for measure in q24b.compute(None, rank=4, view="fact").measures}
            for name in ("others_context", "others_lora", "others_full", "times_full"):
                row = page.locator("table tr").filter(has=page.get_by_text(words.label(name), exact=True))
                expect(row.locator("td").nth(1)).to_have_text(shown[name])
            page.keyboard.press("r")
            page.keyboard.press("l")
        assert not wrong
