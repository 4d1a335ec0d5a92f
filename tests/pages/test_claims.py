"""Claims on trial as Streamlit runs it, without a browser."""

import html
import re
from dataclasses import replace

import pytest

from explorer import i18n
from explorer.claims import Finding, Verdict, claim, claims
from explorer.claims.registry import TOPICS, of_topic, words_of
from explorer.claims.words import read
from explorer.lectures import Measure
from explorer.lectures.registry import demo
from explorer.talk import Step, Talk
from explorer.ui.claims import keys, place, trial
from explorer.ui.common import address
from explorer.ui.course import hands, results
from models import InputError
from tests.pages.shared import opened, settle, written


def bodies(app, kind):
    """What stands on the page as HTML of a kind."""
    return [element.proto.body for element in app.get("html") if f'class="{kind}' in element.proto.body]


def text(body):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))).strip()


def listed(app):
    return {str(button.key).removeprefix("open_") for button in app.button if str(button.key).startswith("open_")}


def test_the_contents_have_every_claim_by_topic_and_no_verdict():
    app = opened("claims")
    assert not app.exception and listed(app) == {one.id for one in claims()}
    said = written(app)
    assert [said.index(f"##### {read(topic, 'en')[0]}") for topic in TOPICS] == sorted(
        said.index(f"##### {read(topic, 'en')[0]}") for topic in TOPICS
    )
    labels = {str(button.key).removeprefix("open_"): button.label for button in app.button if str(button.key).startswith("open_")}
    assert all(words_of(one, "en").claim in labels[one.id] for one in claims())
    assert not [sign for sign in "✓✗◐" if sign in said + " ".join(labels.values())] and not bodies(app, "claim-verdict")


@pytest.mark.parametrize(("wanted", "id_"), [("parameters eight", "C6"), ("随机 遮住", "C11"), ("Clark 4.2", "C25"), ("c43", "C43")])
def test_words_in_any_language_find_a_claim(wanted, id_):
    app = opened("claims")
    settle(app.text_input(key="search").set_value(wanted).run())
    assert id_ in listed(app) and len(listed(app)) < len(claims())
    settle(app.text_input(key="search").set_value("zebra").run())
    assert not listed(app) and "No claim has these words" in written(app)


def test_a_claim_is_opened_guessed_and_put_to_the_test():
    app = opened("claims")
    settle(app.button(key="open_C6").click().run())
    assert app.query_params["claim"] == "C6" and words_of(claim("C6"), "en").claim in written(app)
    assert not bodies(app, "claim-verdict") and not bodies(app, "course-measures")
    for option, n in ((Verdict.HOLDS, 6), (Verdict.FAILS, 2)):
        key = next(str(field.key) for field in app.number_input if f"_C6_{option}_" in str(field.key))
        settle(app.number_input(key=key).set_value(n).run())
    settle(app.button(key="claims_test").click().run())
    assert app.query_params["shown"] == "1"
    (verdict,) = bodies(app, "claim-verdict")
    assert 'data-claim="C6"' in verdict and text(verdict) == "✗ does not hold"
    (guesses,) = bodies(app, "course-guesses")
    (right,) = re.findall(r'<div class="guess right">(.*?)</div>', guesses)
    assert text(right) == "B does not hold 2 ✓" and "25% of the class were right" in text(guesses)
    settle(app.button(key="claims_contents").click().run())
    assert listed(app) and "claim" not in app.query_params


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("id_", ["C2", "C42", "C25"])
def test_what_is_shown_is_what_is_computed(id_, language):
    one = claim(id_)
    with i18n.speaking(language):  # AppTest asks for the titles of options outside of the app
        app = opened("claims", claim=id_, shown="1", lang=language)
    found, words = one.compute(results.opened), words_of(one, language)
    (verdict,), (numbers,) = bodies(app, "claim-verdict"), bodies(app, "course-measures")
    assert found.verdict.sign in text(verdict) and words.condition in html.unescape(verdict)
    assert all(words.label(m.name) in html.unescape(numbers) and f"<b>{m.shown}</b>" in numbers for m in found.measures)
    assert "✗" not in numbers
    said = {m.name: m.shown for m in found.measures} | dict(found.said)
    assert words.explained(said)[:30] in written(app).replace("\\", "") and words.source in written(app)
    link = next(link.proto for link in app.get("page_link"))
    assert f"demo={one.demo}" in link.query_string and demo(one.demo).id in link.label


def test_a_number_that_moves_changes_the_verdict(monkeypatch):
    """The page knows nothing of the verdict but what the computation says."""
    other = replace(claim("C6"), compute=lambda _models: Finding(Verdict.HOLDS, (Measure("ratio", 8.0, 1, format=".0f"),)))
    monkeypatch.setattr(place, "in_order", lambda: [other])
    monkeypatch.setattr(trial.jobs, "computed", lambda _key, _title, work, **_how: work(None))
    app = opened("claims", claim="C6", shown="1")
    (verdict,), (numbers,) = bodies(app, "claim-verdict"), bodies(app, "course-measures")
    assert text(verdict) == "✓ holds" and '<div class="fails">' in numbers and "<b>8</b>" in numbers


def test_an_error_is_told_in_words(monkeypatch):
    def refused(_models):
        raise InputError("No such model.", "Choose another.")

    monkeypatch.setattr(place, "in_order", lambda: [replace(claim("C6"), compute=refused)])
    monkeypatch.setattr(trial.jobs, "computed", lambda _key, _title, work, **_how: work(None))
    app = opened("claims", claim="C6", shown="1")
    assert not app.exception and "No such model." in app.error[0].value


def test_the_buttons_go_through_all_claims():
    order = place.in_order()
    assert {one.id for one in order} == {one.id for one in claims()}
    walked, at = [], place.Place(order[0])
    while at is not None:
        walked.append(at.link)
        at = at.beside(1)
    assert walked == [f"claim={one.id}&shown={shown}" for one in order for shown in (0, 1)]
    app = opened("claims", claim=order[0].id)
    assert app.button(key="claims_back").disabled
    settle(app.button(key="claims_forward").click().run())
    assert app.query_params["shown"] == "1"
    settle(app.button(key="claims_forward").click().run())
    assert app.query_params["claim"] == order[1].id and not bodies(app, "claim-verdict")
    settle(app.button(key="claims_back").click().run())
    assert app.query_params["claim"] == order[0].id and bodies(app, "claim-verdict")
    assert of_topic(TOPICS[0])[0] is order[0]


def test_a_lecture_that_is_played_has_the_only_way_on():
    app, ways = opened("claims", claim="C6"), {"claims_back", "claims_forward"}
    assert ways <= {button.key for button in app.button}
    app.session_state["_talk"] = Talk("", (Step("page", "claims", settings={"claim": "C6"}), Step("text", title="end")))
    app.query_params["talk"] = "1"
    settle(app.run())
    assert not ways & {button.key for button in app.button} and app.button(key="claims_test")


def test_keys_count_turn_and_jump(monkeypatch):
    session = {}
    monkeypatch.setattr(hands.st, "session_state", session)
    kept = {"claim": "C1"}
    monkeypatch.setattr(address, "write", kept.update)
    monkeypatch.setattr(address, "read", lambda name: kept.get(name))
    for key in ("hand a", "hand a", "hand c", "hand d", "hand f"):
        keys.does(key)
    assert hands.of(claim("C1")) == {Verdict.HOLDS: 2, Verdict.ONLY_IF: 1}
    keys.does("forward")
    assert kept == {"claim": "C1", "shown": "1", "votes": None}
    keys.does("hand a")
    assert hands.of(claim("C1"))[Verdict.HOLDS] == 2, "what was computed is no longer guessed"
    keys.does("jump 42")
    assert kept == {"claim": "C42", "shown": None, "votes": None}
    for nothing in ("jump 99", "jump x", "reset", "follow demo=Q3", "hand"):
        keys.does(nothing)
    assert kept["claim"] == "C42"


def test_an_address_that_names_nothing_opens_the_contents():
    for where in ({"claim": "C99"}, {"claim": "</script>"}, {"shown": "1"}):
        app = opened("claims", **where)
        assert not app.exception and listed(app)
    app = opened("claims", claim="c6", shown="x")
    assert not app.exception and words_of(claim("C6"), "en").claim in written(app) and not bodies(app, "claim-verdict")


def test_every_key_has_its_words():
    with i18n.speaking("zh"):
        assert all(chinese != english for (_k, chinese), (_e, english) in zip(keys.help_(), keys.KEYS, strict=True))


def test_the_votes_stand_on_a_card_with_the_verdicts_that_were_seen():
    app = opened("claims", votes="1")
    assert not app.exception and "Count hands at a claim" in written(app)
    app = opened("claims", claim="C6")
    for id_, counted in (("C6", (6, 2, 0)), ("C7", (1, 1, 2))):
        app.query_params.clear()
        app.query_params["claim"] = id_
        settle(app.run())
        for option, n in zip(Verdict, counted, strict=True):
            key = next(str(field.key) for field in app.number_input if f"_{id_}_{option}_" in str(field.key))
            settle(app.number_input(key=key).set_value(n).run())
    # Only the first of the two is put to the test.
    app.query_params["claim"], app.query_params["shown"] = "C6", "1"
    settle(app.run())
    settle(app.button(key="claims_contents").click().run())
    settle(app.button(key="claims_votes").click().run())
    assert app.query_params["votes"] == "1" and not listed(app)
    (body,) = bodies(app, "course-closing")
    head, *rows = [text(row) for row in body.split("<div>")[1:]]
    assert head.endswith("right 25%")
    assert rows[0] == f"C6 {words_of(claim('C6'), 'en').claim} 75% 25% ✗ 0% 25%"
    assert rows[1] == f"C7 {words_of(claim('C7'), 'en').claim} 25% 25% 50% not tested yet"
    settle(app.button(key="claims_contents").click().run())
    assert listed(app)
