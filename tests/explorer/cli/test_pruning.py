"""ablate, prune and slice from the shell."""

import json

import numpy as np
import pytest

import models
from explorer.ablation.heads import changes, parse
from explorer.cli import main
from explorer.tasks import choose
from tests import tiny


def run(*arguments: object) -> int:
    return main.main([str(argument) for argument in arguments])


def test_ablate_writes_the_tables(llama_folder, lines, tmp_path):
    out = tmp_path / "heads.json"
    assert run("ablate", "--model", llama_folder, "--task", "next", "--data", lines, "--json", out, "--limit", 2) == 0
    made = json.loads(out.read_text())
    assert np.shape(made["score"]) == np.shape(made["loss"]) == (2, 4) and made["examples"] == 2
    model = models.load(llama_folder)
    task = choose.make("next", model, choose.named(str(lines), "next"))
    without = task.score(lambda batch: changes(model, parse(model, "1.2")))
    assert made["loss"][1][2] == pytest.approx(without.loss[:2].mean(), abs=1e-5)
    assert not list(tmp_path.glob("*.unfinished")) and not list(tmp_path.glob("*.partial"))


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(llama_folder, lines, tmp_path, monkeypatch, capsys):
    from explorer.cli import pruning

    out, real = tmp_path / "heads.json", pruning.sweep

    def interrupted(task, *, progress, **options):
        def stop(share):
            if share > 0.7:
                raise KeyboardInterrupt

        return real(task, progress=stop, **options)

    monkeypatch.setattr(pruning, "sweep", interrupted)
    command = ("ablate", "--model", llama_folder, "--task", "next", "--data", lines, "--json", out)
    assert run(*command) == 1 and "goes on from there" in capsys.readouterr().err
    assert not out.exists() and (tmp_path / "heads.json.unfinished").stat().st_size
    monkeypatch.setattr(pruning, "sweep", real)
    assert run(*command) == 0 and out.exists() and not (tmp_path / "heads.json.unfinished").exists()


def test_prune_one_set_and_a_curve(llama_folder, lines, tmp_path, capsys):
    assert run("prune", "--model", llama_folder, "--task", "next", "--data", lines, "--heads", "0.1,1.3") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["heads"] == "0.1,1.3" and said["loss"] != said["baseline"]["loss"]
    out = tmp_path / "curve.json"
    assert run("prune", "--model", llama_folder, "--task", "next", "--data", lines, "--order", "exact", "--json", out) == 0
    made = json.loads(out.read_text())
    assert [point["removed"] for point in made["points"]] == list(range(9)) and len(made["heads"]) == 8


def test_classify_a_labelled_file(bert, tmp_path):
    (tmp_path / "f.tsv").write_text("label\tsentence\n1\tA lovely day.\n0\tA dreadful, boring mess.\n")
    out = tmp_path / "f.json"
    assert run("prune", "--model", "bert", "--task", "classify", "--data", tmp_path / "f.tsv", "--heads", "0.0", "--json", out) == 0
    assert json.loads(out.read_text())["baseline"]["score"] == 1.0


def test_slice_writes_a_smaller_model(tmp_path, capsys):
    folder = tiny.save("gpt2", tmp_path / "gpt2")
    assert run("slice", "--model", folder, "--heads", "0.1,1.3", "--out", tmp_path / "small") == 0
    small = models.load(tmp_path / "small")
    assert [site.heads for site in small.sites] == [3, 3] and f"{small.parameters:,}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("prune", "--task", "next", "--heads", "9.9"), "no head"),
        (("ablate", "--task", "classify", "--json", "x.json"), "classification head"),
        (("ablate", "--task", "next", "--data", "/no/such/file", "--json", "x.json"), "no file"),
        (("prune", "--task", "next", "--order", "exact"), "wants a file"),
    ],
)
def test_what_is_wrong_is_said(llama_folder, arguments, said, capsys):
    assert run(arguments[0], "--model", llama_folder, *arguments[1:]) == 1
    assert said in capsys.readouterr().err
