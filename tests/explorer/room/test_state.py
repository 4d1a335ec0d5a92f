"""Votes: one a phone, none lost, none doubled, and none after the answer was shown."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import room
from explorer.room import state
from explorer.room.state import Refused, Room

OPTIONS = ["A", "B", "C", "D"]


@pytest.fixture
def here():
    made = Room()
    made.show("Q3", "ask")
    return made


def vote(here, phone, option, demo="Q3"):
    return here.vote(phone, demo, here.ticket(demo, option), OPTIONS)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(OPTIONS), st.sampled_from(["Q3", "Q4"])), max_size=60))
def test_a_phone_has_one_vote_a_question_however_often_it_votes(votes):
    """Against the plainest account of it: a dictionary of what each phone said last."""
    here, last = Room(), {}
    for phone, option, demo in votes:
        here.show(demo, "ask")
        assert vote(here, f"phone {phone}", option, demo) == option
        last[demo, phone] = option
    for demo in ("Q3", "Q4"):
        chosen = [option for (of, _phone), option in last.items() if of == demo]
        assert here.counts(demo) == {option: chosen.count(option) for option in set(chosen)}
        assert sum(here.counts(demo).values()) == len({phone for phone, _option, of in votes if of == demo})
    assert all(here.voted(f"phone {phone}", demo) == option for (demo, phone), option in last.items())


def test_votes_from_many_threads_are_all_there(here):
    start = threading.Barrier(8)

    def many(first):
        start.wait()
        for phone in range(first, first + 50):
            for option in ("A", "B", OPTIONS[phone % 4]):
                vote(here, f"phone {phone}", option)

    threads = [threading.Thread(target=many, args=(50 * (i // 2),)) for i in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert here.counts("Q3") == dict.fromkeys(OPTIONS, 50), "200 phones, each of which voted from two threads"


@pytest.mark.parametrize("step", ["show", "notice", "follow"])
def test_a_vote_counts_while_the_question_is_asked_and_a_step_back_opens_it_again(here, step):
    vote(here, "one", "A")
    here.show("Q3", step)
    with pytest.raises(Refused, match="closed"):
        vote(here, "two", "A")
    with pytest.raises(Refused, match="closed"):
        vote(here, "two", "A", "Q4")
    here.show("Q3", "ask")
    vote(here, "two", "B")
    assert here.counts("Q3") == {"A": 1, "B": 1}


def test_once_the_answer_was_shown_only_a_new_vote_counts(here):
    vote(here, "one", "A")
    old = here.ticket("Q3", "B")
    here.show("Q3", "notice")
    here.notice("Q3", {"variance": "64"}, "C")
    here.show("Q3", "ask")
    assert here.seen("Q3").right == "C" and not here.seen("Q3").is_open
    with pytest.raises(Refused, match="closed"):
        vote(here, "one", "B")
    here.ask_again("Q3")
    assert here.counts("Q3") == {} and here.voted("one", "Q3") == "" and here.seen("Q3").said is None and here.seen("Q3").right == ""
    with pytest.raises(Refused, match="unknown"):
        here.vote("one", "Q3", old, OPTIONS)
    vote(here, "one", "B")
    assert here.counts("Q3") == {"B": 1}


def test_a_vote_for_nothing_is_refused(here):
    for ticket in ("", "A", here.ticket("Q4", "A")):
        with pytest.raises(Refused, match="unknown"):
            here.vote("one", "Q3", ticket, OPTIONS)
    assert here.counts("Q3") == {}


def test_what_strangers_can_fill_is_bounded_and_who_is_in_may_go_on(here, monkeypatch):
    monkeypatch.setattr(state, "MOST_PHONES", 3)
    for phone in "abc":
        vote(here, phone, "A")
    with pytest.raises(Refused, match="full"):
        vote(here, "d", "A")
    vote(here, "a", "B")
    here.show("Q4", "ask")
    vote(here, "b", "A", "Q4")
    assert here.counts("Q3") == {"A": 2, "B": 1} and here.counts("Q4") == {"A": 1}
    # A vote that is asked anew makes room for whoever comes now, but those who voted elsewhere keep theirs.
    here.show("Q3", "ask")
    here.ask_again("Q3")
    for phone in ("d", "e"):
        vote(here, phone, "A")
    with pytest.raises(Refused, match="full"):
        vote(here, "f", "A")


def test_what_an_option_is_called_outside_says_nothing_of_its_letter(here):
    tickets = {option: here.ticket("Q3", option) for option in OPTIONS}
    assert len(set(tickets.values())) == 4 and all(len(ticket) == 12 for ticket in tickets.values())
    assert tickets != {option: Room().ticket("Q3", option) for option in OPTIONS}
    orders = {tuple(Room().order("Q3", OPTIONS)) for _ in range(50)}
    assert len(orders) > 5 and here.order("Q3", OPTIONS) == here.order("Q3", OPTIONS[::-1])


def test_a_name_of_a_phone_is_known_again_and_none_is_made_up(here):
    name = here.new_phone()
    assert here.is_phone(name) and name != here.new_phone()
    for other in ("", ".", "x", name[:-1], name + "0", "我.你", Room().new_phone()):
        assert not here.is_phone(other)
    assert here.is_key(here.key) and not here.is_key("") and not here.is_key("钥匙")


def test_phones_are_told_of_what_changes_and_of_nothing_else(here):
    heard = []
    here.listen(lambda: heard.append(here.version), lambda: 7)
    assert here.here() == 7
    here.show("Q3", "ask")
    vote(here, "one", "A")
    here.show_votes("Q3")
    assert not heard, "the same step, a vote and the bars concern no phone"
    here.show("Q3", "notice")
    for _ in range(2):
        here.notice("Q3", {"variance": "64"}, "C")
    here.ask_again("Q3")
    here.show(None)
    assert len(heard) == 4 and heard == sorted(set(heard))


def test_the_bars_are_shown_when_the_lecturer_says_so(here):
    assert not here.votes_are_shown("Q3")
    here.show_votes("Q3")
    assert here.votes_are_shown("Q3") and not here.votes_are_shown("Q4")
    here.show_votes("Q3", False)
    assert not here.votes_are_shown("Q3")


def test_there_is_no_room_but_where_one_was_begun(here):
    assert room.now() is None
    room.begin(here)
    try:
        assert room.now() is here
    finally:
        room.begin(None)
    assert room.now() is None
