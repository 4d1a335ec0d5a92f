"""scale from the shell: against the function itself."""

import json

import pytest

from explorer.cli import main
from explorer.softmax.scale import ScaleCurve
from explorer.tasks import choose


def run(*arguments: object) -> int:
    return main.main(["scale", "--device", "cpu", *map(str, arguments)])


def test_points_are_those_of_the_function(llama_folder, lines, tmp_path, tiny, capsys) -> None:
    out = tmp_path / "scale.json"
    assert run("--model", llama_folder, "--data", lines, "--limit", 2, "--factors", "0.5,1,3", "--json", out) == 0
    made = json.loads(out.read_text())
    task = choose.make("next", tiny("llama"), choose.named(str(lines), "next"))
    task.items = task.items[:2]
    for found, expected in zip(made["points"], ScaleCurve(task).compute([0.5, 1.0, 3.0]), strict=True):
        assert found == pytest.approx(vars(expected), abs=1e-5)
    assert made["task"] == "next" and made["examples"] == 2
    best = max(made["points"], key=lambda point: point["score"])
    assert f"best of 3 factors: {best['factor']:g}, score {best['score']:.4f}" in capsys.readouterr().out


def test_wrong_arguments_are_explained(llama_folder, lines, tmp_path, capsys) -> None:
    out = tmp_path / "scale.json"
    assert run("--model", llama_folder, "--data", lines, "--factors", "0,1", "--json", out) == 1
    assert "above 0" in capsys.readouterr().err
    assert run("--model", llama_folder, "--data", lines, "--limit", 0, "--json", out) == 1
    with pytest.raises(SystemExit):
        run("--model", llama_folder, "--factors", "a,b", "--json", out)
    assert "numbers with commas" in capsys.readouterr().err and not out.exists()
