"""The board, as a viewer uses it: click, drag, margin, undo; two viewers at once; files, curves, and heads cut out."""

import zipfile
from urllib.parse import quote, unquote

import pytest
from playwright.sync_api import expect

import models
from explorer.ablation.heads import changes, parse
from explorer.tasks import choose, data
from tests.browser.waiting import settled
from tests.explorer.tasks.headed import headed, named

BOARD = ".st-key-board [data-testid=stVegaLiteChart]"


def opened(open_page, query: str = ""):
    page = open_page(f"/prune?limit=24&colour=none{query}", wait_for=".st-key-effect [data-testid=stMetric]")
    page.locator(f"{BOARD} svg").wait_for()
    return page


def cell(page, row: int, head: int):
    return page.locator(f"{BOARD} .view_1_marks path").nth(12 * row + head)


def removed(page, n: int) -> None:
    """So many heads are said to be removed, and as many are crossed out on the board, which takes the next click."""
    page.locator(".st-key-effect").get_by_text(f"{n} of 72 heads removed").wait_for()
    expect(page.locator(f"{BOARD} .mark-symbol path")).to_have_count(n)
    settled(page)


@pytest.mark.every_run
def test_clicks_toggle_heads_and_the_score_follows(open_page):
    page = opened(open_page)
    removed(page, 0)
    cell(page, 5, 9).click(force=True)
    removed(page, 1)
    page.wait_for_function("decodeURIComponent(location.search).includes('pruned=5.9')")
    assert page.locator(f"{BOARD} .mark-symbol path").count() == 1
    assert page.locator("[data-testid=stMetricDelta]").count() >= 2
    cell(page, 2, 1).click(force=True)
    removed(page, 2)
    cell(page, 5, 9).click(force=True)
    removed(page, 1)
    page.get_by_role("button", name="Undo").click()
    removed(page, 2)
    page.get_by_role("button", name="Reset", exact=True).click()
    removed(page, 0)


def speeds_measured(dialog) -> None:
    """The dialog of *Cut out* shows its last picture, which has bars at four sizes of batch."""
    dialog.locator(".mark-rect path").nth(3).wait_for(state="attached")


@pytest.mark.parametrize("gap", [pytest.param(60, marks=pytest.mark.thorough), 200, pytest.param(400, marks=pytest.mark.thorough)])
def test_quick_clicks_all_count(open_page, gap):
    page = opened(open_page)
    # Where the cells are does not change, though the board is drawn anew meanwhile.
    boxes = [cell(page, i, i + 1).bounding_box() for i in range(5)]
    for box in boxes:
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(gap)
    page.wait_for_function("decodeURIComponent(location.search).includes('pruned=0.1,1.2,2.3,3.4,4.5')")
    removed(page, 5)


def test_a_click_counts_that_began_before_the_board_changed(open_page):
    page = opened(open_page)
    cell(page, 5, 9).click(force=True)
    # The mouse goes down on another cell before the first one is crossed out, and up only after that.
    box = cell(page, 2, 1).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    expect(page.locator(f"{BOARD} .mark-symbol path")).to_have_count(1)
    page.mouse.up()
    removed(page, 2)
    assert "2.1,5.9" in unquote(page.url)


def test_clicks_before_and_after_another_colour_and_another_page_add_up(open_page):
    page = opened(open_page)
    cell(page, 5, 9).click(force=True)
    removed(page, 1)
    page.locator(".st-key-colour input").click()
    page.get_by_role("option", name="confidence").click()
    page.locator(BOARD).get_by_text("confidence", exact=True).wait_for()
    settled(page)
    cell(page, 2, 1).click(force=True)
    removed(page, 2)
    cell(page, 5, 9).click(force=True)
    removed(page, 1)
    assert "pruned=2.1" in unquote(page.url)
    page.get_by_role("link", name="Softmax laboratory").click()
    page.locator(".st-key-vectors").first.wait_for()
    page.get_by_role("link", name="Prune heads").click()
    removed(page, 1)
    cell(page, 3, 3).click(force=True)
    removed(page, 2)
    assert "pruned=2.1,3.3" in unquote(page.url)


def test_the_margin_takes_a_whole_layer_and_a_whole_column(open_page):
    page = opened(open_page)
    labels = page.locator(f"{BOARD} .mark-text.role-mark")
    labels.nth(0).locator("text").nth(3).click(force=True)
    removed(page, 12)
    page.locator(f"{BOARD} .mark-text.role-mark").nth(1).locator("text").nth(4).click(force=True)
    removed(page, 12 + 5)


@pytest.mark.every_run
def test_a_drag_takes_several(open_page):
    page = opened(open_page)
    first, last = cell(page, 1, 2).bounding_box(), cell(page, 2, 4).bounding_box()
    page.mouse.move(first["x"] + 8, first["y"] + 8)
    page.mouse.down()
    page.mouse.move(last["x"] + 20, last["y"] + 20, steps=8)
    page.mouse.up()
    removed(page, 2 * 3)


def test_two_viewers_prune_the_same_model_differently(open_page):
    first, second = opened(open_page, "&pruned=0.1"), opened(open_page, "&pruned=5.9,5.1,4.3")
    removed(first, 1)
    removed(second, 3)
    cell(first, 3, 3).click(force=True)
    cell(second, 3, 3).click(force=True)
    removed(first, 2)
    removed(second, 4)
    losses = [page.locator("[data-testid=stMetricValue]").nth(1).inner_text() for page in (first, second)]
    assert losses[0] != losses[1]


def test_the_address_goes_back_and_forward_with_the_board(open_page):
    page = opened(open_page)
    cell(page, 5, 9).click(force=True)
    removed(page, 1)
    cell(page, 2, 1).click(force=True)
    removed(page, 2)
    page.go_back()
    removed(page, 1)
    page.go_forward()
    removed(page, 2)


def upload(page, name: str, text: str) -> None:
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode("utf-8")}
    )


@pytest.mark.every_run
def test_a_file_is_uploaded_and_a_wrong_one_is_told_by_line_and_column(open_page):
    page = opened(open_page)
    page.locator(".st-key-source input").click()
    page.get_by_role("option", name="A file").click()
    upload(page, "wrong.csv", "label,sentence\n1,It was a joy.\n0,\n")
    page.get_by_text("line 3").first.wait_for()
    assert "sentence" in page.locator("[data-testid=stAlert]").inner_text()
    page.locator(".st-key-forget_file button").first.click()
    upload(page, "right.tsv", "label\tsentence\n1\tIt was a joy </script>.\n0\tIt was dull 😴.\n1\tמצוין, a great film.\n")
    page.get_by_text("3 examples", exact=False).first.wait_for()
    page.locator(".st-key-effect").get_by_text("of 3 examples").wait_for()
    assert page.locator(".st-key-effect [data-testid=stMetric]").count() == 3
    # It stays for the session, whichever page is opened in between.
    page.get_by_role("link", name="Which heads matter").click()
    page.locator(".st-key-curves [data-testid=stVegaLiteChart]").first.wait_for()
    page.get_by_role("link", name="Prune heads").click()
    page.get_by_text("right.tsv").first.wait_for()
    page.locator(".st-key-effect").get_by_text("of 3 examples").wait_for()


def test_what_was_guessed_of_a_file_is_shown_and_said_otherwise(open_page):
    page = open_page("/prune?source=file&limit=24&colour=none", wait_for="[data-testid=stFileUploader]")
    page.get_by_text("One column of texts").wait_for()
    upload(page, "film.csv", "one;two;mark\nA warm and clever film.;Cold and bad.;1\nThe plot goes nowhere.;A warm and clever film.;0\n")
    page.get_by_text('text: "one" (1), label: "mark" (3)').wait_for()
    accuracy = page.locator(".st-key-effect [data-testid=stMetricValue]").first
    expect(accuracy).to_have_text("100.0%")
    page.get_by_role("button", name="How it was read").click()
    panel = page.locator("[data-testid=stPopoverBody]")
    expect(panel.get_by_label("Separator")).to_have_value("semicolon ;")
    panel.get_by_label("Texts", exact=True).click()
    page.get_by_role("option", name="two (2)").click()
    page.get_by_text('text: "two" (2), label: "mark" (3)').wait_for()
    expect(accuracy).to_have_text("0.0%")
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    page.get_by_role("button", name="Classes").click()
    page.get_by_role("button", name="Swap").click()
    page.get_by_text("as chosen: 0 = positive, 1 = negative").wait_for()
    expect(accuracy).to_have_text("100.0%")


def test_what_was_guessed_again_stays_so_with_the_panels_closed(open_page):
    page = open_page("/prune?source=file&limit=24&colour=none", wait_for="[data-testid=stFileUploader]")
    upload(page, "film.csv", "one;two;mark\nA warm and clever film.;Cold and bad.;1\nThe plot goes nowhere.;A warm and clever film.;0\n")
    accuracy = page.locator(".st-key-effect [data-testid=stMetricValue]").first
    expect(accuracy).to_have_text("100.0%")
    panel = page.locator("[data-testid=stPopoverBody]")
    chosen = [("How it was read", "Texts", "two (2)", "0.0%"), ("Classes", "1", "negative (0)", "50.0%")]
    for opens, box, option, score in chosen:
        page.get_by_role("button", name=opens).click()
        panel.get_by_label(box, exact=True).click()
        page.get_by_role("option", name=option).click()
        expect(accuracy).to_have_text(score)
        page.keyboard.press("Escape")
        panel.wait_for(state="hidden")
    # All of it is guessed again from another panel than the one in which the classes were chosen.
    page.get_by_role("button", name="How it was read").click()
    expect(panel.get_by_label("Texts", exact=True)).to_have_value("two (2)")
    panel.get_by_role("button", name="Guess again").click()
    expect(accuracy).to_have_text("100.0%")
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    page.locator(".st-key-limit input").fill("22")
    page.keyboard.press("Enter")
    page.wait_for_function("location.search.includes('limit=22')")
    settled(page)
    expect(accuracy).to_have_text("100.0%")
    page.get_by_role("button", name="Classes").click()
    expect(panel.get_by_label("1", exact=True)).to_have_value("positive (1)")


def test_heads_are_cut_out_measured_and_taken_away(open_page, classifier, tmp_path):
    page = opened(open_page, "&pruned=0.1,3.4,5.0,5.9")
    page.get_by_role("button", name="Cut out").click()
    dialog = page.locator("[data-testid=stDialog]")
    speeds_measured(dialog)
    one_head = 3 * (32 * 384 + 32) + 384 * 32
    small = classifier.parameters - 4 * one_head
    assert f"{small / 1e6:.2f} M" in dialog.locator("[data-testid=stMetric]").first.inner_text()
    assert dialog.locator(".mark-symbol path").count() == 4
    with page.expect_download() as waiting:
        dialog.get_by_role("button", name="Sliced.zip").click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        archive.extractall(tmp_path)
    model = models.load(tmp_path, device="cpu")
    assert model.parameters == small and [site.heads for site in model.sites] == [11, 12, 12, 11, 12, 10]


def test_the_dialog_stays_while_the_page_below_it_has_work_which_goes_on_when_it_is_closed(open_page):
    heads = ",".join(f"{layer}.{head}" for layer in (4, 5) for head in range(12))
    page = open_page(f"/prune?limit=70&colour=none&pruned={heads}", wait_for=".st-key-effect [data-testid=stMetric]", at_rest=False)
    page.get_by_text("Each of them alone").wait_for()
    page.get_by_role("button", name="Cut out").click()
    dialog = page.locator("[data-testid=stDialog]")
    speeds_measured(dialog)
    expect(page.get_by_text("Each of them alone")).to_have_count(0)
    dialog.get_by_label("Close").click()
    dialog.wait_for(state="detached")
    page.get_by_text("their single effects sum to").wait_for()
    # Pressed before there is any score, it stays, too: the score waits for it.
    page.goto(page.url.replace("limit=70", "limit=284"))
    page.get_by_role("button", name="Cut out").click()
    dialog.locator("[data-testid=stMetricValue]").first.wait_for()
    dialog.get_by_label("Close").click()
    page.locator(".st-key-effect [data-testid=stMetric]").first.wait_for()
    expect(dialog).to_have_count(0)


@pytest.mark.every_run
def test_what_was_measured_stays_where_the_measuring_is_stopped(open_page):
    page = opened(open_page, "&pruned=0.1,3.4")
    dialog = page.locator("[data-testid=stDialog]")
    page.get_by_role("button", name="Cut out").click()
    # What is stopped before the smaller model is there has nothing to keep.
    parameters = dialog.locator("[data-testid=stMetricValue]").first.inner_text()
    dialog.get_by_role("button", name="Stop").click()
    dialog.get_by_text("Stopped: Measuring the speed.").wait_for()
    expect(dialog.locator("[data-testid=stMetricValue]").first).to_have_text(parameters)
    dialog.get_by_label("Close").click()
    dialog.wait_for(state="detached")
    page.get_by_role("button", name="Cut out").click()
    expect(dialog.locator("[data-testid=stMetricValue]").first).to_have_text(parameters)
    dialog.get_by_role("button", name="Go on").click()
    dialog.locator(".mark-rect path").first.wait_for(state="attached")


def test_escape_closes_the_dialog_keeps_what_was_measured_and_leaves_nothing_running(open_page):
    page = opened(open_page, "&pruned=0.1,3.4&stage=1")
    dialog = page.locator("[data-testid=stDialog]")
    page.get_by_role("button", name="Cut out").click()
    speeds_measured(dialog)
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    # The stage stays: Escape was for the dialog.
    expect(page.locator(".st-key-stage_is_on")).to_have_count(1)
    assert "pruned=0.1,3.4" in unquote(page.url)
    # The dialog's clock, which asks for the speeds twice a second, has ended with it.
    settled(page)
    page.get_by_role("button", name="Cut out").click()
    # All four sizes of batch are there at once: nothing is measured again.
    speeds_measured(dialog)
    expect(dialog.get_by_role("button", name="Stop")).to_have_count(0)
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_a_conll_file_scores_a_model_that_labels_words(open_page, tmp_path):
    content = "the O\ncat B-LOC\nsat O\n\na O\ndog B-LOC\n"
    model = headed(tmp_path, "BertForTokenClassification", **named("O", "B-LOC"))
    task = choose.make("tokens", model, data.read(content.encode(), "f.conll", answers="words"))
    page = open_page(f"/prune?model={quote(str(tmp_path))}&source=file&colour=none", wait_for="[data-testid=stFileUploader]")
    page.get_by_text("A word and its label on each line").wait_for()
    upload(page, "f.conll", content)
    page.get_by_text("a blank line ends a sentence").wait_for()
    accuracy = page.locator(".st-key-effect [data-testid=stMetricValue]").first
    expect(accuracy).to_have_text(f"{task.score().score:.1%}")
    page.locator(f"{BOARD} .view_1_marks path").nth(5).click()
    page.locator(".st-key-effect").get_by_text("1 of 8 heads removed").wait_for()
    expect(accuracy).to_have_text(f"{task.score(lambda batch: changes(model, parse(model, '1.1'))).score:.1%}")
