"""On a stage the one figure of a page is seen whole: who has to scroll for it shows the hall half of it."""

import pytest
from playwright.sync_api import expect

from explorer import i18n
from tests.browser.letters import too_small
from tests.browser.test_stage import ENDS
from tests.browser.test_talk import taken
from tests.browser.waiting import eventually, settled
from tests.browser.walks import in_turn

FIGURES = {
    "/heads?stage=1": ".st-key-all_heads svg.marks",
    "/heads?heads=scatter&stage=1": ".st-key-all_heads svg.marks",
    "/heads?heads=roles&stage=1": ".st-key-all_heads svg.marks",
    "/heads?heads=families&stage=1": ".st-key-all_heads svg.marks",
    "/heads?heads=layers&stage=1": ".st-key-heads_layers svg.marks",
    "/?view=token&stage=1": ".st-key-one_token svg.marks",
    "/atlas?stage=1": ".st-key-atlas_all svg.marks",
    "/atlas?model=translate-mini&part=cross&stage=1": ".st-key-atlas_all svg.marks",
    "/atlas?model=gpt2-mini&pruned=1.0,2.3&atlas_view=changed&stage=1": ".st-key-atlas_all svg.marks",
    "/atlas?layer=3&head=4&atlas_shows=metrics&stage=1": ".st-key-atlas_one svg.marks",
    "/training?lab_shown=one&stage=1": ".st-key-lab_film svg.marks",
    "/training?lab_over=roles&stage=1": ".st-key-lab_plots svg.marks",
    "/syntax?stage=1": ".st-key-relations svg.marks",
    "/weights?stage=1": ".st-key-weights_lines svg.marks",
    "/weights?model=translate-mini&part=cross&writers=encoder&stage=1": ".st-key-weights_lines svg.marks",
    "/beyond?stage=1": ".st-key-strips svg.marks",
    "/beyond?model=gpt2-mini&stage=1": ".st-key-strips svg.marks",
    "/beyond?model=gpt2-mini&beyond=parts&stage=1": ":is(.st-key-parts_bars, .st-key-parts_heads) svg.marks",
    "/compare?stage=1": ":is(.st-key-changed_heads, .st-key-changed_head) svg.marks",
    "/compare?model=gpt2-mini&compare=pruned&compared=difference&stage=1": ":is(.st-key-changed_heads, .st-key-changed_head) svg.marks",
    "/generate?stage=1": ".st-key-newest svg.marks",
    "/prune?limit=12&stage=1": ".st-key-board svg.marks",
    "/importance?limit=12&stage=1": ".st-key-curves svg.marks",
    "/softmax?softmax=lookups&stage=1": ".st-key-lookups svg.marks",
    "/softmax?softmax=model&stage=1": ".st-key-scores svg.marks",
    "/softmax?softmax=model&look=uniform&stage=1": ".st-key-uniform svg.marks",
    "/positions?positions=rope&stage=1": ".st-key-rope svg.marks",
    "/positions?positions=alibi&stage=1": ".st-key-alibi svg.marks",
    "/positions?positions=tables&stage=1": ".st-key-table svg.marks",
    "/positions?positions=order&stage=1": ".st-key-order_picture svg.marks",
    "/positions?positions=extrapolation&stage=1": "[class*=st-key-extrapolation] svg.marks",
}
"""By address, the figure that the page is about."""


@pytest.mark.thorough
@pytest.mark.parametrize(("path", "language"), in_turn(FIGURES))
def test_the_figure_of_a_page_ends_within_the_window_of_a_stage(open_page, path, language):
    assert language in i18n.LANGUAGES
    page = open_page(f"{path}&lang={language}", wait_for=FIGURES[path], size=(1920, 1080))
    eventually(lambda: page.evaluate(ENDS, FIGURES[path]), lambda end: 0 < end <= 1080)
    assert not too_small(page)


@pytest.mark.thorough
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_a_long_text_that_was_generated_leaves_its_pictures_within_the_window(open_page, language):
    page = open_page(f"/generate?tokens=80&stage=1&lang={language}", wait_for=".st-key-newest svg.marks", size=(1920, 1080))
    page.locator(".st-key-generate button").first.click()
    expect(page.locator(".st-key-step_88")).to_be_visible()
    figures = ":is(.st-key-candidates, .st-key-newest) svg.marks"
    eventually(lambda: page.evaluate(ENDS, figures), lambda end: 0 < end <= 1080)
    assert not too_small(page)


@pytest.mark.thorough
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_bar_of_a_lecture_leaves_the_atlas_of_two_texts_within_the_window(open_page, language):
    page = open_page(f"/talk?lang={language}&stage=1", wait_for=".st-key-talk_address", size=(1920, 1080))
    taken(page, "/atlas?model=translate-mini&part=cross")
    page.locator(".st-key-talk_play button").first.click()
    figure = ".st-key-atlas_all svg.marks"
    expect(page.locator(".st-key-talk_bar")).to_be_visible()
    page.locator(figure).first.wait_for()
    eventually(lambda: page.evaluate(ENDS, figure), lambda end: 0 < end <= 1080)
    # A row is read whole: the target, and its source below it.
    row = page.locator(".st-key-atlas_rows .head-row").first.bounding_box()
    assert row["y"] + row["height"] <= 1080
    assert not too_small(page)


@pytest.mark.thorough
def test_a_part_that_is_chosen_at_a_desk_stays_on_the_stage_where_another_widget_chooses_it(open_page):
    page = open_page("/atlas?model=translate-mini&part=cross&lang=en", wait_for=".st-key-atlas_all svg.marks", size=(1920, 1080))
    settled(page)
    page.locator(".st-key-stage_button button").first.click()
    expect(page.locator(".st-key-part input")).to_have_value("cross")
    settled(page)
    expect(page.locator(".st-key-part input")).to_have_value("cross")
    expect(page.locator(".st-key-x input").first).to_have_value("confidence")


@pytest.mark.thorough
def test_the_head_that_a_click_opens_is_seen_beside_the_graph_of_the_weights(open_page):
    page = open_page("/weights?stage=1&layer=2&head=1", wait_for=".st-key-weights_head", size=(1920, 1080))
    graph, opened = (page.locator(place).first.bounding_box() for place in (".st-key-weights_lines", ".st-key-weights_head"))
    assert opened["x"] > graph["x"] + graph["width"] and opened["y"] < 540


@pytest.mark.thorough
@pytest.mark.parametrize("look", ["match", "write"])
def test_both_heads_of_a_line_are_seen_at_once(open_page, look):
    page = open_page(f"/weights?stage=1&layer=3&head=1&edge=k.0.1&look={look}", wait_for=".st-key-weights_reader svg.marks", size=(1920, 1080))
    writer, reader = (page.locator(f".st-key-weights_{role}").first for role in ("writer", "reader"))
    eventually(lambda: reader.bounding_box()["y"], lambda top: top < 540)
    writes, reads = writer.bounding_box(), reader.bounding_box()
    assert reads["x"] > writes["x"] + writes["width"] - 1 and reads["x"] + reads["width"] <= 1920
    # Of what each matches or writes several rows stand in the first window.
    for role in (writer, reader):
        assert role.locator(".stDataFrame").first.bounding_box()["y"] < 1080 - 300
    assert not too_small(page)


@pytest.mark.thorough
@pytest.mark.parametrize(("path", "size"), [("", (1440, 900)), ("&stage=1", (1920, 1080))])
def test_the_heads_that_add_most_are_listed_within_the_window(open_page, path, size):
    page = open_page(f"/beyond?model=gpt2-mini&beyond=parts{path}", wait_for=".st-key-strongest button", size=size)
    last = page.locator(".st-key-strongest button").last
    eventually(lambda: (box := last.bounding_box())["y"] + box["height"], lambda end: end <= size[1])
