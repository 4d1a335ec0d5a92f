"""train from the shell: presets, switches, stopping and going on, and what is wrong."""

import json
import os
import re
import signal

import pytest
from safetensors.torch import load_file

import models
from explorer.capture import capture
from explorer.cli import main, training
from models.training import runs
from models.training.presets import PRESETS
from models.training.toy import Training

LAST = re.compile(r"held-out accuracy (\d+\.\d) %")


def train(*arguments: object) -> int:
    return main.main(["train", *map(str, arguments)])


def last_line(capsys) -> float:
    return float(LAST.fullmatch(capsys.readouterr().out.splitlines()[-1])[1])


def test_a_preset_is_learned_and_opens_as_a_model(tmp_path, capsys):
    command = ("--task", "order", "--steps", 120, "--out", tmp_path / "order")
    assert train(*command) == 0
    assert last_line(capsys) == 100 * runs.load(tmp_path / "order").evaluate().exact >= 99
    model = models.load(tmp_path / "order", device="cpu")
    assert model.kind == "encoder" and model.network.config.task == "order"
    assert capture(model, "我爱你主宾").tokens == list("我爱你主宾")
    assert not (tmp_path / "order" / training.UNFINISHED).exists()
    before = (tmp_path / "order" / runs.HISTORY).stat().st_mtime_ns
    assert train(*command) == 0 and last_line(capsys) >= 99
    assert (tmp_path / "order" / runs.HISTORY).stat().st_mtime_ns == before
    assert train(*command, "--seed", 1) == 1 and "another settings" in capsys.readouterr().err
    assert train(*command, "--set", "language=en") == 1 and "another settings of the task, network" in capsys.readouterr().err


@pytest.mark.thorough
def test_a_recurrent_network_of_the_same_size_learns_the_same_task(tmp_path, capsys):
    assert train("--task", "order", "--rnn", "--steps", 1000, "--out", tmp_path / "gru") == 0
    assert last_line(capsys) > 30, "slower than the transformer, which takes 120 steps"
    found = runs.load(tmp_path / "gru")
    assert found.history[-1].loss < 0.5 * found.history[0].loss
    toy = PRESETS["order"].config(PRESETS["order"].toy_task())
    wanted = Training(PRESETS["order"].toy_task(), toy, PRESETS["order"].settings).network.num_parameters()
    assert found.config.model_type == "explorer-toy-rnn"
    assert found.network.num_parameters() == pytest.approx(wanted, rel=0.1)
    with pytest.raises(models.ModelError, match="no attention"):
        models.load(tmp_path / "gru", device="cpu")
    assert train("--task", "translation", "--rnn", "--steps", 2, "--out", tmp_path / "two") == 1


def test_switches_reach_the_network_and_the_task(tmp_path):
    switches = ("heads=4", "d_k=none", "positions=sinusoidal", "bias=false", "ffn=1", "length=5", "dropout=0.1")
    options = [part for switch in switches for part in ("--set", switch)]
    assert train("--task", "reversal", *options, "--steps", 2, "--batch", 8, "--learning-rate", 0.01, "--out", tmp_path) == 0
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["heads"], config["d_k"], config["positions"], config["bias"], config["ffn"]) == (4, None, "sinusoidal", False, 1.0)
    assert config["dropout"] == 0.1 and config["task_settings"] == {"length": 5, "n_symbols": 10}
    found = runs.load(tmp_path)
    assert (found.settings.steps, found.settings.batch, found.settings.learning_rate) == (2, 8, 0.01)
    assert found.settings.warm_up == PRESETS["reversal"].settings.warm_up and found.history[-1].step == 2


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path, monkeypatch, capsys):
    def command(folder):
        return ("--task", "translation", "--set", "d_model=16", "--set", "dropout=0.1", "--steps", 12, "--out", tmp_path / folder)

    assert train(*command("whole")) == 0
    real = Training.step

    def interrupted(self):
        if self.done == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return real(self)

    monkeypatch.setattr(Training, "step", interrupted)
    assert train(*command("stopped")) == 1 and "Stopped after step 6" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "stopped").iterdir()] == [training.UNFINISHED]
    monkeypatch.setattr(Training, "step", real)
    assert train(*command("stopped"), "--seed", 3) == 1 and "another settings" in capsys.readouterr().err
    assert train(*command("stopped")) == 0
    said = capsys.readouterr()
    assert "going on after step 6 of 12" in said.err and LAST.fullmatch(said.out.splitlines()[-1])
    for file in ("model.safetensors", runs.SNAPSHOTS):
        whole, stopped = (load_file(tmp_path / folder / file) for folder in ("whole", "stopped"))
        assert all(tensor.equal(stopped[name]) for name, tensor in whole.items()) and whole.keys() == stopped.keys()
    # As it is left where the process is ended between the last save and the removal of what was kept.
    (tmp_path / "stopped" / training.UNFINISHED).write_bytes(b"of step 11")
    assert train(*command("stopped")) == 0 and "holds this very training already" in capsys.readouterr().err
    assert {file.name for file in (tmp_path / "stopped").iterdir()} == {file.name for file in (tmp_path / "whole").iterdir()}


def test_characters_read_the_text_that_is_given(tmp_path, capsys):
    (tmp_path / "text").write_text("你好 hello\n" * 100, encoding="utf-8")
    small = ("--task", "characters", "--set", "d_model=16", "--set", "length=16", "--steps", 3)
    assert train(*small, "--text", tmp_path / "text", "--out", tmp_path / "out") == 0
    assert 0 <= last_line(capsys) <= 100
    model = models.load(tmp_path / "out", device="cpu")
    assert capture(model, "hello 你").tokens == list("hello 你")
    assert "passage" not in model.network.config.task_settings
    assert runs.load(tmp_path / "out").task.passage.startswith("你好")
    assert train(*small, "--out", tmp_path / "own") == 0
    (tmp_path / "text").write_bytes(b"\xff\xfe" * 2000)
    assert train(*small, "--text", tmp_path / "text", "--out", tmp_path / "o") == 1 and "not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--task", "sums"), "Choose one of induction"),
        (("--task", "order", "--set", "hats=4"), "The network has layers, heads"),
        (("--task", "recall", "--set", "hats=4"), "recall has pairs, n_keys"),
        (("--task", "order", "--set", "vocab_size=4"), "nothing called 'vocab_size'"),
        (("--task", "order", "--set", "heads"), "names no value"),
        (("--task", "order", "--set", "heads=many"), "whole number"),
        (("--task", "order", "--set", "dropout=some"), "a number"),
        (("--task", "order", "--set", "bias=perhaps"), "true or false"),
        (("--task", "order", "--set", "positions=somewhere"), "one of learned"),
        (("--task", "order", "--set", "heads=5"), "does not divide"),
        (("--task", "copying", "--set", "causal=false"), "reads the answers off"),
        (("--task", "order", "--text", "x"), "reads no text"),
        (("--task", "characters", "--text", "/no/such/file"), "No such file"),
        (("--task", "order", "--steps", 0), "at least 1"),
        (("--task", "order", "--set", "d_model=4096"), "million parameters"),
        (("--task", "order", "--threads", 0), "--threads"),
        (("--task", "order", "--device", "abacus"), "no abacus"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, arguments, said, capsys):
    assert train(*arguments, "--out", tmp_path / "out") == 1
    assert said in capsys.readouterr().err and not (tmp_path / "out").exists()
