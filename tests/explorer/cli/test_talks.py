"""A lecture from the shell: planned, changed, exported; and sheets."""

import json

import pytest

from explorer.cli import main
from explorer.talk import of_chapter, opened
from explorer.talk.sheet import sheet


def test_a_chapter_is_planned_and_its_file_opens(tmp_path) -> None:
    out = tmp_path / "two.json"
    assert main.main(["lectures", "plan", "2", "--out", str(out)]) == 0
    assert opened(out.read_bytes()) == of_chapter(2, "2 · Multi-head attention")


def test_a_plan_that_was_changed_is_exported(tmp_path, capsys) -> None:
    plan, out = tmp_path / "plan.json", tmp_path / "talk.html"
    main.main(["lectures", "plan", "2", "--out", str(plan)])
    made = json.loads(plan.read_text(encoding="utf-8"))
    made["steps"] = [step for step in made["steps"] if step["name"] == "Q8"][:2]
    plan.write_text(json.dumps(made), encoding="utf-8")
    assert main.main(["lectures", "export", str(plan), "--out", str(out), "--frames", "6"]) == 0
    text = out.read_text(encoding="utf-8")
    assert '"id":"Q8"' in text and '"id":"Q7"' not in text and "MB" in capsys.readouterr().out


@pytest.mark.parametrize(("given", "said"), [("nowhere.json", "cannot be read"), ("wrong.json", "no lecture")])
def test_what_is_no_lecture_is_refused_and_nothing_is_written(tmp_path, capsys, given, said) -> None:
    (tmp_path / "wrong.json").write_text("{}", encoding="utf-8")
    out = tmp_path / "talk.html"
    assert main.main(["lectures", "export", str(tmp_path / given), "--out", str(out)]) == 1
    assert said in capsys.readouterr().err and not out.exists()


def test_a_folder_that_is_not_there_is_named_before_anything_is_computed(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("explorer.cli.talks.exported", lambda *_given: pytest.fail("computed for nothing"))
    assert main.main(["lectures", "export", "2", "--out", str(tmp_path / "nowhere" / "talk.html")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_a_sheet_with_answers_is_written(tmp_path) -> None:
    out = tmp_path / "sheet.html"
    assert main.main(["lectures", "sheet", "1", "--answers", "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == sheet(1, True)
