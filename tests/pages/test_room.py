"""What the stage shows of a room, and what it tells it, as Streamlit runs it."""

import base64
import html
import re

import pytest
import segno

from explorer import i18n, room
from explorer.claims import Verdict
from explorer.lectures import demo
from explorer.lectures.words import read
from explorer.room import told
from explorer.room.state import Refused, Room
from explorer.ui.course import keys
from tests.pages.shared import opened, settle, written

OPTIONS = "ABCD"
Q3 = read("q03_scaling", "en")


@pytest.fixture
def here():
    made = Room(phones="192.0.2.7:8501/r/2345")
    room.begin(made)
    yield made
    room.begin(None)


def bodies(app):
    return [element.proto.body for element in app.get("html")]


def sections(app):
    """What stands on the page of the room, tags taken out."""
    return [html.unescape(re.sub("<[^>]+>", "", body)) for body in bodies(app) if "<section" in body]


def bars(app):
    """The number beside each option, and the width of its bar."""
    drawn = re.findall(r'data-at="(\d)"><i><s style="width:(\d+)%"></s></i><b>(\d+)</b>', " ".join(bodies(app)))
    assert [int(at) for at, _width, _n in drawn] == list(range(len(drawn)))
    return [(int(n), int(width)) for _at, width, n in drawn]


def votes(here, *chosen, id_="Q3"):
    for phone, option in enumerate(chosen):
        here.vote(f"phone {phone}", id_, here.ticket(id_, option), OPTIONS)


def go(app, **address):
    app.query_params.clear()
    app.query_params.update(address)
    settle(app.run())


def codes(app):
    """Addresses of the pictures that are scanned; the contents have others."""
    return [one.url for image in app.get("image") for one in image.proto.imgs if one.alt == "The code to scan with a phone"]


def on_page(app):
    return {str(button.key) for button in app.button}


@pytest.mark.parametrize("step", ["ask", "show", "notice"])
def test_without_a_room_nothing_of_it_is_there(step):
    app = opened("course", demo="Q3", step=step, join="1")
    assert not app.exception and not sections(app) and not {key for key in on_page(app) if "join" in key or "votes" in key}
    assert not codes(app) and len(keys.help_()) == len(keys.KEYS)


def test_the_code_is_shown_when_it_is_asked_for(here):
    app = opened("course")
    assert "course_join" in on_page(app) and not codes(app)
    settle(app.button(key="course_join").click().run())
    assert app.query_params["join"] == "1"
    (code,) = codes(app)
    drawn = base64.b64decode(code.split(",")[1]).decode()
    (dark,) = re.findall(r'stroke="#000"[^>]* d="([^"]+)"|d="([^"]+)"[^>]* stroke="#000"', drawn)
    assert "".join(dark) in segno.make("http://192.0.2.7:8501/r/2345", error="m").svg_inline(border=3)
    assert "".join(dark) not in segno.make("http://192.0.2.7:8501/r/2346", error="m").svg_inline(border=3)
    assert any("192.0.2.7:8501/r/2345" in one for one in sections(app)) and any("Phones here: 0" in one for one in sections(app))
    here.listen(lambda: None, lambda: 12)
    assert any("Phones here: 12" in one for one in sections(settle(app.run())))
    settle(app.button(key="course_join").click().run())
    assert not codes(app) and len(keys.help_()) == len(keys.KEYS) + len(keys.ROOM_KEYS)


def test_phones_hear_where_the_lecturer_is(here):
    app = opened("course", demo="Q3")
    assert here.at() == ("Q3", "ask") and here.seen("Q3").is_open
    settle(app.button(key="course_forward").click().run())
    assert here.at() == ("Q3", "show") and here.seen("Q3").said is None
    settle(app.button(key="course_forward").click().run())
    assert here.at() == ("Q3", "notice")
    seen, measured = here.seen("Q3"), demo("Q3").compute(None, d_k=64)
    assert seen.right == "C" and seen.said["variance"] == next(one.shown for one in measured.measures if one.name == "variance")
    assert seen.said["A"] == "ABCD"[here.order("Q3", OPTIONS).index("A")]
    settle(app.button(key="course_contents").click().run())
    assert here.at() is None


def test_of_two_windows_phones_follow_the_one_that_moved_last(here):
    one = opened("course", demo="Q3")
    two = opened("course", demo="Q8")
    settle(one.run())
    assert here.at() == ("Q8", "ask"), "a window that is only drawn again does not call phones back"
    settle(one.button(key="course_forward").click().run())
    assert here.at() == ("Q3", "show")
    notes = opened("course", demo="Q8", notes="1")
    assert not notes.exception and here.at() == ("Q3", "show"), "the notes lead nobody"
    settle(two.run())
    assert here.at() == ("Q3", "show")


def test_the_stage_has_the_options_in_the_order_of_the_phones(here):
    for _session in range(2):
        said = written(opened("course", demo="Q3"))
        order = sorted(OPTIONS, key=lambda option: said.index(Q3.options[option]))
        assert order == here.order("Q3", OPTIONS)


def test_the_number_of_votes_is_seen_at_once_and_for_what_when_the_lecturer_says_so(here):
    app = opened("course", demo="Q3")
    votes(here, "A", "C", "C")
    settle(app.run())
    assert any("Votes: 3" in one for one in sections(app)) and not bars(app)
    settle(app.button(key="course_votes_show").click().run())
    expected = {"A": (1, 50), "B": (0, 0), "C": (2, 100), "D": (0, 0)}
    assert bars(app) == [expected[option] for option in here.order("Q3", OPTIONS)]
    votes(here, "A", "A", "C", "D")
    assert sum(n for n, _width in bars(settle(app.run()))) == 4
    settle(app.button(key="course_votes_show").click().run())
    assert not bars(app)


def test_votes_and_hands_are_counted_together_and_typed_hands_stay_what_they_are(here):
    app = opened("course", demo="Q3")
    votes(here, "A", "C", "C")
    key = next(str(field.key) for field in app.number_input if "_C_" in str(field.key))
    settle(app.number_input(key=key).set_value(7).run())
    assert next(field.value for field in app.number_input if "_C_" in str(field.key)) == 7
    for _step in range(2):
        settle(app.button(key="course_forward").click().run())
    body = next(one for one in bodies(app) if 'class="course-guesses' in one)
    (right,) = re.findall(r'<div class="guess right">(.*?)</div>', body)
    assert Q3.options["C"] in html.unescape(right) and "<b>9</b>" in right
    (first,) = (row for row in re.findall(r'<div class="guess other">(.*?)</div>', body) if Q3.options["A"] in html.unescape(row))
    assert "<b>1</b>" in first
    go(app, closing="1")
    card = next(one for one in bodies(app) if 'class="course-closing"' in one)
    assert "90%" in card, "9 of 10"


def test_after_the_answer_only_a_new_vote_counts(here):
    app = opened("course", demo="Q3")
    assert "course_votes_again" not in on_page(app)
    votes(here, "A", "A", "C")
    app.query_params["step"] = "notice"
    settle(app.run())
    app.query_params["step"] = "ask"
    settle(app.run())
    with pytest.raises(Refused):
        votes(here, "C")
    go(app, closing="1")
    settle(app.number_input(key="after_Q3").set_value(3).run())
    go(app, demo="Q3", step="ask", closing="")
    settle(app.button(key="course_votes_again").click().run())
    assert "course_votes_again" not in on_page(app) and here.counts("Q3") == {} and here.seen("Q3").is_open
    votes(here, "C", "C")
    go(app, closing="1")
    assert not app.exception, "more were right after the first vote than there are phones now"
    assert app.number_input(key="after_Q3").value == 2


def test_phones_vote_on_a_claim_and_hear_its_verdict_with_the_hall(here):
    claim, verdicts = "C6", [str(one) for one in Verdict]
    app = opened("claims", claim=claim)
    assert here.at() == (claim, "ask") and told.letters(claim) == told.on_stage(here, claim) == verdicts
    for phone, option in enumerate(["holds", "fails", "fails"]):
        here.vote(f"phone {phone}", claim, here.ticket(claim, option), verdicts)
    settle(app.run())
    assert any("Votes: 3" in section for section in sections(app)) and not bars(app)
    settle(app.button(key="course_votes_show").click().run())
    assert [n for n, _width in bars(app)] == [1, 2, 0]
    asked = told.at(here, "zh")
    assert asked["open"] and asked["question"] and not asked["notice"] and not any(option["right"] for option in asked["options"])
    with i18n.speaking("zh"):
        assert [option["text"] for option in asked["options"]] == [i18n._(one.title) for one in Verdict]
    settle(app.button(key="claims_test").click().run())
    assert here.at() == (claim, "notice")
    known = told.at(here, "en")
    assert [option["right"] for option in known["options"]] == [False, True, False] and "{" not in known["notice"] and not known["open"]
    with pytest.raises(Refused, match="closed"):
        here.vote("late", claim, here.ticket(claim, "holds"), verdicts)
    go(app, votes="1")
    assert here.at() is None and "67%" in "".join(bodies(app))


def test_a_phone_that_reads_on_alone_finds_the_claims(here):
    chapters = told.questions("zh")
    ids = [one["id"] for chapter in chapters for one in chapter["questions"]]
    assert len(ids) == len(set(ids)) == 35 + 50 and {"Q24d", "C50"} <= set(ids)
    alone = told.question(here, "C14", "zh")
    assert alone["question"] and not alone["notice"] and not alone["open"] and told.question(here, "C51", "zh") is None
