"""claims from the shell."""

import json
from dataclasses import replace

from explorer.claims import Finding, Verdict, claim, claims
from explorer.claims.registry import words_of
from explorer.cli import main
from explorer.i18n import LANGUAGES, speaking
from explorer.lectures import Measure


def test_a_verdict_comes_with_its_numbers_in_both_languages(tmp_path, capsys):
    out = tmp_path / "claims.json"
    assert main.main(["claims", "c2", "C1", "--json", str(out)]) == 0
    two, one = json.loads(out.read_text(encoding="utf-8"))
    assert (two["id"], one["id"]) == ("C2", "C1") and (two["verdict"], one["verdict"]) == ("fails", "holds")
    assert one["claim"] == {which: words_of(claim("C1"), which).claim for which in LANGUAGES}
    assert one["condition"] is None and one["demo"] == "Q3" and set(one["topic"]) == set(LANGUAGES)
    largest = two["measures"][0]
    assert largest["value"] == claim("C2").compute(None)[largest["name"]] and largest["holds"] and largest["relation"] == "equals"
    said = capsys.readouterr().out
    assert "does not hold" in said and words_of(claim("C2"), "en").claim in said and "NOT" not in said


def test_a_number_that_is_not_as_expected_is_an_error_for_the_shell(monkeypatch, capsys):
    wrong = replace(claim("C1"), compute=lambda _models: Finding(Verdict.FAILS, (Measure("largest", 0.5, 0.99991, tolerance=1e-5),)))
    monkeypatch.setattr("explorer.cli.claims.claim", lambda _id: wrong)
    monkeypatch.setattr("explorer.cli.claims.topic_of", lambda _one: "scaling")
    monkeypatch.setattr("explorer.cli.claims.words_of", lambda _one, which: words_of(claim("C1"), which))
    assert main.main(["claims", "C1"]) == 1
    assert "NOT" in capsys.readouterr().out


def test_all_are_put_to_the_test_where_none_is_named(monkeypatch, capsys):
    monkeypatch.setattr("explorer.cli.claims.claims", lambda: claims()[:2])
    with speaking("zh"):
        assert main.main(["claims"]) == 0
    assert capsys.readouterr().out.count("\n") >= 4


def test_a_claim_that_is_not_there_is_told(capsys):
    assert main.main(["claims", "C99"]) == 1
    assert "There is no claim C99." in capsys.readouterr().err
