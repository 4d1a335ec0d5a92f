"""lectures from the shell."""

import json
from dataclasses import replace

import pytest

from explorer.cli import main
from explorer.lectures import Measure, Result, shipped
from explorer.lectures.registry import demo, demos
from explorer.lectures.words import read


@pytest.mark.thorough
def test_the_list_has_every_demo_in_both_languages(tmp_path, capsys) -> None:
    out = tmp_path / "list.json"
    assert main.main(["lectures", "list", "--json", str(out)]) == 0
    made = json.loads(out.read_text(encoding="utf-8"))
    assert [one["id"] for one in made] == [one.id for one in demos()]
    assert made[0]["title"] == {which: read(demos()[0].module, which).title for which in ("en", "zh")}
    q8 = next(one for one in made if one["id"] == "Q8")
    assert q8["measures"]["one"] == {"en": "parameters of one head", "zh": read("q08_parameters", "zh").label("one")}
    assert all(one["measures"] for one in made)
    assert made[0]["steps"] == ["ask", "show", "notice", "follow"]
    doors = {one["id"]: one["door"] for one in made}
    assert all(doors[one.id]["page"] == one.door.page and doors[one.id]["carried"] == dict(one.door.carried) for one in demos())
    assert capsys.readouterr().out.count("\n") == len(demos())


def test_a_run_says_what_was_measured_and_whether_it_holds(tmp_path, capsys) -> None:
    out = tmp_path / "q3.json"
    assert main.main(["lectures", "run", "q3", "--set", "d_k=256", "--json", str(out)]) == 0
    made = json.loads(out.read_text(encoding="utf-8"))
    assert made["settings"] == {"d_k": 256, "divisor": "none", "view": "drawn", "model": "minilm-sst2"} and made["right"] == "C"
    variance = made["measures"][0]
    assert variance["name"] == "variance" and variance["expected"] == 256 and variance["holds"]
    assert variance["value"] == pytest.approx(demo("Q3").compute(None, d_k=256)["variance"])
    assert "variance of q·k" in capsys.readouterr().out


def test_a_measure_that_does_not_hold_is_an_error_for_the_shell(monkeypatch, capsys) -> None:
    wrong = replace(demo("Q3"), compute=lambda _models, **_settings: Result((Measure("variance", 1.0, 64), Measure("largest", 0.5))))
    monkeypatch.setattr("explorer.cli.lectures.demo", lambda _id: wrong)
    assert main.main(["lectures", "run", "Q3"]) == 1
    said = capsys.readouterr().out
    assert said.count("NOT") == 1 and said.count("ok") == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["run", "Q99"], "no demo Q99"),
        (["run", "Q3", "--set", "d_k"], "is no setting"),
        (["run", "Q3", "--set", "d_k=3"], "cannot be 3"),
        (["run", "all", "--set", "d_k=3"], "for one demo"),
    ],
)
def test_what_makes_no_sense_is_told(given, told, capsys) -> None:
    assert main.main(["lectures", *given]) == 1
    assert told in capsys.readouterr().err


def test_what_is_there_is_not_computed_again(monkeypatch, capsys) -> None:
    monkeypatch.setattr(shipped, "write", lambda *_given: pytest.fail("computed again"))
    assert main.main(["lectures", "compute"]) == 0
