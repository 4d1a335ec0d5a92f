"""What phones ask of a real server, and what it never tells them."""

import json
import re

import pytest

from explorer.claims import claims
from explorer.lectures import demos
from explorer.lectures.words import read
from explorer.room import routes, streams
from explorer.room.streams import EACH
from tests.explorer.room.conftest import eventually, option_of

Q3 = {which: read("q03_scaling", which) for which in ("en", "zh")}
SAID = {"d_k": "77", "variance": "77.01", "A": "B"}


def test_a_phone_votes_changes_its_vote_and_is_told_what_counts(served):
    served.room.show("Q3", "ask")
    phone = served.phone()
    with phone.events() as following:
        first = following()
        assert first["mine"] == "" and first["at"]["open"] and first["at"]["demo"] == "Q3"
        ids = {option["text"]: option["id"] for option in first["at"]["options"]}
        assert set(ids) == set(Q3["en"].options.values())
        for letter in "AC":
            assert phone.vote("Q3", ids[option_of("Q3", letter)]) == (200, {"counted": ids[option_of("Q3", letter)]})
    assert served.room.counts("Q3") == {"C": 1}
    # The connection was lost: what comes next has the vote.
    with phone.events() as following:
        assert following()["mine"] == ids[option_of("Q3", "C")]
    other = served.phone()
    with other.events() as following:
        assert following()["mine"] == ""


def test_the_answer_is_told_after_the_notice_was_shown_and_never_before(served):
    served.room.show("Q3", "ask")
    phone = served.phone()
    alone = f"/r/{served.room.code}/questions/Q3"
    with phone.events() as following:
        asked = following()["at"]
        assert (asked["show"], asked["notice"]) == ("", "") and not any(option["right"] for option in asked["options"])
        read_alone = json.loads(phone.get(alone)[1])
        assert read_alone["show"] == "" and not read_alone["open"] and [one["id"] for one in read_alone["options"]]
        served.room.show("Q3", "show")
        shown = following()["at"]
        assert "Widen the head" in shown["show"] and shown["notice"] == "" and not shown["open"]
        served.room.show("Q3", "notice")
        # It is still computed on the stage.
        waiting = following()["at"]
        assert waiting["notice"] == "" and not any(option["right"] for option in waiting["options"])
        served.room.notice("Q3", SAID, "C")
        told = following()["at"]
        assert "77.01" in told["notice"] and "B holds in part" in told["notice"] and "<em>typical</em>" in told["notice"]
        assert [option["text"] for option in told["options"] if option["right"]] == [Q3["en"].options["C"]]
        assert told["follow"] == ""
        served.room.show("Q3", "follow")
        assert "What do all pairs together cost" in following()["at"]["follow"]
    # Who reads on alone may know by now; of another question still nothing.
    assert "77.01" in json.loads(phone.get(alone)[1])["notice"]
    for one in demos():
        told = json.loads(phone.get(f"/r/{served.room.code}/questions/{one.id}")[1])
        if one.id != "Q3":
            assert told["notice"] == told["show"] == told["follow"] == "" and not any(option["right"] for option in told["options"])


@pytest.mark.parametrize("said", [None, {"d_k": "77"}])
def test_nothing_on_the_way_to_a_phone_names_the_letter_of_an_option(served, said):
    """Their letters in the words tell the right one; on the stage and here they are called by their place."""
    served.room.show("Q3", "ask")
    phone = served.phone()
    with phone.events() as following:
        options = following()["at"]["options"]
    assert [option["letter"] for option in options] == list("ABCD")
    order = served.room.order("Q3", "ABCD")
    assert [option["text"] for option in options] == [Q3["en"].options[letter] for letter in order]
    assert all(re.fullmatch("[0-9a-f]{12}", option["id"]) for option in options)


def test_both_languages_at_once(served):
    served.room.show("Q3", "ask")
    phone = served.phone()
    with phone.events("zh") as chinese, phone.events("en") as english:
        for which, following in (("zh", chinese), ("en", english)):
            at = following()["at"]
            assert [option["text"] for option in at["options"]] == [Q3[which].options[letter] for letter in served.room.order("Q3", "ABCD")]
    assert 'lang="zh-CN"' in phone.get(f"/r/{served.room.code}", **{"Accept-Language": "zh-TW,en;q=0.5"})[1]
    assert 'lang="en"' in phone.get(f"/r/{served.room.code}?lang=en", **{"Accept-Language": "zh"})[1]
    assert 'lang="en"' in phone.get(f"/r/{served.room.code}", **{"Accept-Language": "fr, xx"})[1]
    chapters = json.loads(phone.get(f"/r/{served.room.code}/questions?lang=zh")[1])
    assert sum(len(chapter["questions"]) for chapter in chapters) == len(demos()) + len(claims()) and "自注意力" in chapters[0]["chapter"]


def test_a_page_of_another_server_votes_for_nobody(served):
    served.room.show("Q3", "ask")
    phone, ticket = served.phone(), served.ticket("Q3", "A")
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"Origin": None, "Sec_Fetch_Site": "cross-site"},
        {"Content_Type": "text/plain"},
        {"Cookie": "explorer_phone=made.up"},
    ):
        assert phone.vote("Q3", ticket, **headers)[0] == 403, headers
    assert phone.ask("GET", f"/r/{served.room.code}/vote")[0].status == 405
    assert served.room.counts("Q3") == {}
    assert phone.vote("Q3", ticket, Origin=None, Sec_Fetch_Site="same-origin")[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "7",
        '"x"',
        "{}",
        '{"demo": "Q3"}',
        '{"demo": 3, "option": "a"}',
        '{"demo": "Q3", "option": ["a"]}',
        '{"demo": "Q3", "option": "选"}'.encode(),
        "[" * 400,
        '{"demo": "Q3", "option": "' + "a" * routes.LONGEST_BYTES + '"}',
        '{"demo": "Q999", "option": "a"}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_vote_is_refused(served, body):
    served.room.show("Q3", "ask")
    phone = served.phone()
    headers = {"Content-Type": "application/json", "Origin": f"http://{phone.host}"}
    answer, text = phone.ask("POST", f"/r/{served.room.code}/vote", body, headers)
    assert answer.status in (400, 409) and "refused" in json.loads(text)
    assert served.room.counts("Q3") == {}


def test_the_page_asks_nobody_else_and_keeps_its_name_from_scripts(served):
    phone = served.phone()
    answer, text = phone.get(f"/r/{served.room.code}")
    assert answer.getheader("set-cookie") is None, "a phone that has a name keeps it"
    phone.cookie = ""
    answer, text = phone.get(f"/r/{served.room.code}")
    cookie = answer.getheader("set-cookie").lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/r" in cookie
    policy = answer.getheader("content-security-policy")
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy and "unsafe" not in policy
    (once,) = set(re.findall(r'nonce="([^"]+)"', text))
    assert f"'nonce-{once}'" in policy
    assert not re.findall(r"https?:|//[a-z]", re.sub(r"(?m)^\s*//.*$", "", text)), "an address of elsewhere"
    assert "style=" not in text and not re.search(r"\son\w+=", text)


def test_another_number_is_another_room(served):
    phone = served.phone()
    other = "0000"
    for path in ("", "/events", "/questions", "/questions/Q3"):
        assert phone.get(f"/r/{other}{path}")[0].status in (403, 404)
    assert phone.ask("POST", f"/r/{other}/vote", "{}", {"Content-Type": "application/json"})[0].status == 403
    assert phone.get("/r")[0].status == 200 and phone.get("/r/")[0].status == 200
    answer, text = phone.get(f"/r?code={other}")
    assert answer.status == 200 and "no room with this number" in text
    answer, text = phone.get("/r?code=%22%3E%3Cscript%3E")
    assert "<script>" not in text.split("</form>")[0]
    answer, text = phone.get(f"/r?code={served.room.code}")
    assert answer.status == 303 and answer.getheader("location") == f"/r/{served.room.code}"


def test_phones_are_counted_while_they_are_connected(served):
    one, two = served.phone(), served.phone()
    assert served.room.here() == 0
    with one.events() as first, two.events() as second:
        first(), second()
        assert served.room.here() == 2
        with one.events() as again:
            again()
            assert served.room.here() == 2
    eventually(served.room.here, 0)


def test_a_phone_that_comes_again_and_again_lets_go_of_its_oldest_connection(served):
    phone = served.phone()
    with phone.events() as first:
        first()
        opened = [phone.events() for _ in range(EACH)]
        for one in opened:
            one.__enter__()()
        with pytest.raises(AssertionError, match="hung up"):
            first()
        assert served.room.here() == 1
        for one in opened:
            one.__exit__(None, None, None)


def test_a_slow_phone_keeps_nobody_waiting(served):
    """It reads nothing while the lecturer goes through everything; then it finds where the lecturer is."""
    slow, quick = served.phone(), served.phone()
    with slow.events() as reads_late, quick.events() as following:
        following()
        for one in demos():
            for step in ("ask", "show"):
                served.room.show(one.id, step)
                told = following()["at"]
                while (told["demo"], told["step"]) != (one.id, step):
                    told = following()["at"]
        last = demos()[-1].id
        at = None
        while at is None or (at["demo"], at["step"]) != (last, "show"):
            at = reads_late()["at"]


def test_a_phone_hears_that_the_server_is_there_though_nothing_is_new(served, monkeypatch):
    """A phone that hears nothing at all connects anew."""
    monkeypatch.setattr(streams, "BEAT_S", 0.05)
    phone = served.phone()
    with phone.events() as following:
        assert following() == {"mine": "", "at": None}
        assert following() == 1
        served.room.show("Q3", "ask")
        told = following()
        while told == 1:
            told = following()
        assert told["at"]["demo"] == "Q3"


def test_a_hall_that_is_full_says_so(served, monkeypatch):
    monkeypatch.setattr(streams, "MOST_PHONES", 2)
    phones = [served.phone() for _ in range(3)]
    with phones[0].events() as first, phones[1].events() as second:
        first(), second()
        answer, text = phones[2].get(f"/r/{served.room.code}/events")
        assert answer.status == 503 and json.loads(text) == {"refused": "full"}
        with phones[0].events() as again:
            again()
    eventually(served.room.here, 0)
    with phones[2].events() as third:
        assert third()["at"] is None


def test_the_stage_comes_first_and_two_changes_are_told_at_once(served, monkeypatch):
    phone = served.phone()
    with phone.events() as following:
        following()
        monkeypatch.setattr(streams, "AFTER_S", 0.5)
        served.room.show("Q3", "notice")
        served.room.notice("Q3", SAID, "C")
        told = following()["at"]
        assert told["step"] == "notice" and "77.01" in told["notice"]
