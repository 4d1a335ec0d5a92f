"""The exported file: all in it, nothing asked of anybody, and no words that run as a script."""

import json
import re
from functools import cache

import pytest
import vl_convert

from explorer.i18n import speaking
from explorer.talk import Step, Talk
from explorer.talk.export import exported
from models import InputError, load

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


@cache
def models(name):
    return load(name, "cpu")


def data_of(text, name="data"):
    return json.loads(re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.S)[1])


def without_vega(text):
    """The library's own code names tags of its own, in which it shows nothing here."""
    return text.replace(vl_convert.javascript_bundle(), "")


def test_a_lecture_without_a_step_is_refused():
    with pytest.raises(InputError, match="no step"):
        exported(Talk("empty"), models)


def test_steps_of_one_demo_share_its_film_and_other_settings_are_another():
    steps = [Step("demo", "Q8", step, minutes=1) for step in ("ask", "show")] + [Step("demo", "Q8", "show", {"heads": "32"})]
    told = []
    found = data_of(exported(Talk("heads", tuple(steps)), models, told.append))
    assert [step["film"] for step in found["steps"]] == [0, 0, 1] and len(found["films"]) == 2
    assert found["films"][0]["at"] != found["films"][1]["at"]
    assert told == sorted(told) and told[-1] == 1.0


def test_words_and_notes_are_shown_and_never_run():
    page = Step("page", "prune", settings={"text": EVIL}, title=EVIL, taken="now", pictures=({"mark": "bar", "datasets": {"t": [{"x": EVIL}]}},))
    talk = Talk(EVIL, (Step("text", title=EVIL, text=f"# Hello\n\n{EVIL}\n\n[there](http://example.org)", notes=EVIL), page))
    text = exported(talk, models)
    # Scripts of the file: two of data, Vega, the player; none that came with the words.
    assert len(re.findall(r"<script", text)) == 4 and "<img" not in without_vega(text)
    words = data_of(text)["steps"][0]
    assert "<h1>Hello</h1>" in words["text"] and "<script" not in words["text"] and "<a " not in words["text"]
    assert data_of(text)["steps"][1]["settings"] == [f"text: {EVIL}"]
    assert data_of(text, "store")[data_of(text)["steps"][1]["pictures"][0]["tables"]["t"]] == [{"x": EVIL}]


def test_the_file_asks_nobody_for_anything():
    text = exported(Talk("", (Step("text", title="a"),)), models)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none'") and "http" not in policy and "connect-src" not in policy
    assert not re.search(r"<(?:link|img|iframe|script)[^>]+(?:src|href)=", without_vega(text))


def test_it_begins_in_the_language_of_whoever_exports_it_and_has_both():
    with speaking("zh"):
        found = data_of(exported(Talk("", (Step("demo", "Q8", "ask"),)), models))
    assert found["language"] == "zh" and found["says"]["en"]["next"] == "Next" and found["says"]["zh"]["next"] == "下一步"
    assert found["films"][0]["words"]["zh"]["title"] != found["films"][0]["words"]["en"]["title"]


def test_a_step_that_cannot_be_computed_is_named():
    with pytest.raises(InputError, match="Step 2"):
        exported(Talk("", (Step("text"), Step("demo", "Q8", "show", {"model": "no-such-model"}))), models)
