"""Units, their files, and jobs: what is skipped, what is refused, what is kept when somebody stops."""

import dataclasses
import json
import os
import signal

import pytest

from explorer.ablation.sweep import sweep
from explorer.cli import main
from explorer.units import ablation, executors, store, work
from explorer.units.executors import Here, Processes
from explorer.units.job import Job, read_manifest
from explorer.units.unit import Unit
from models import load
from models.errors import InputError, ModelError
from tests import tiny
from tests.explorer.units.test_same_bytes import data, planner_of, run, same_as_alone, small_batches  # noqa: F401  (fixtures)

UNIT = Unit("sweep", "name", "", "0" * 64, {"on": {"task": "next"}, "members": [0, 1]}, 2, 5, 0, "code")


def test_a_unit_is_its_json_and_its_name_depends_on_all_of_it():
    assert Unit.from_json(json.loads(json.dumps(UNIT.to_json()))) == UNIT
    others = {"kind": "rises", "model": "x", "revision": "main", "weights": "1", "options": {"members": [1, 0]}, "shard": 3, "shards": 6}
    names = {dataclasses.replace(UNIT, **{name: value}).digest for name, value in (others | {"seed": 1, "code": "x"}).items()}
    assert len(names) == len(dataclasses.fields(Unit)) and UNIT.digest not in names
    assert dataclasses.replace(UNIT, options={"members": (0, 1), "on": {"task": "next"}}).digest == UNIT.digest


def test_a_file_is_believed_where_it_is_whole_and_of_this_unit(tmp_path):
    assert store.read(tmp_path, UNIT) is None
    store.write(tmp_path, UNIT, {"loss": [0.1, 1 / 3]}, 2.5)
    done = store.read(tmp_path, UNIT)
    assert done.result == {"loss": [0.1, 1 / 3]} and done.seconds == 2.5 and done.where.endswith(f":{os.getpid()}")
    assert store.read_any(tmp_path, UNIT.digest) == (UNIT, done)
    file, other = store.place(tmp_path, UNIT), dataclasses.replace(UNIT, shard=3)
    text = file.read_text()
    store.place(tmp_path, other).parent.mkdir(exist_ok=True)
    store.place(tmp_path, other).write_text(text)
    assert store.read(tmp_path, other) is None and store.read_any(tmp_path, other.digest) is None
    for broken in ("", text[:-9], "[]", text.replace("0.1", "0.2"), json.dumps({"unit": UNIT.to_json()})):
        file.write_text(broken)
        assert store.read(tmp_path, UNIT) is None and store.read_any(tmp_path, UNIT.digest) is None


def test_what_does_not_fit_is_refused_in_words(llama_folder, data, tmp_path):  # noqa: F811
    planner, _task = planner_of(llama_folder, data, tmp_path / "units", Here())
    (unit,) = planner.units("sweep", [{"members": [0]}])
    for wrong, said in (
        (dataclasses.replace(unit, code="older"), "other code"),
        (dataclasses.replace(unit, weights="0" * 64), "weights"),
        (dataclasses.replace(unit, options=unit.options | {"data": "0" * 64}), "examples are others"),
        (dataclasses.replace(unit, kind="unheard of"), "knows no work"),
    ):
        with pytest.raises(work.RefusedError, match=said):
            work.do(wrong, tmp_path / "units")
        answer = work.answer(wrong.to_json(), str(tmp_path / "units"))
        assert answer["state"] == work.REFUSED and said in answer["why"]
    with pytest.raises(work.RefusedError, match="does not see the folder"):
        work.do(unit, tmp_path / "elsewhere")
    assert work.answer({"kind": "sweep"}, str(tmp_path / "units"))["state"] == work.REFUSED
    assert work.do(unit, tmp_path / "units") and not work.do(unit, tmp_path / "units")


def test_weights_are_told_apart_and_the_same_ones_are_not(tmp_path):
    one, other = tiny.save("gpt2", tmp_path / "one"), tiny.save("gpt2", tmp_path / "other")
    same = [load(folder, "cpu").fingerprint for folder in (one, other)]
    changed = load(other, "cpu")
    next(iter(changed.network.parameters())).data.flatten()[7] += 1e-3
    assert same[0] == same[1] != changed.fingerprint


def test_a_folder_belongs_to_one_job(tmp_path):
    job = Job(tmp_path / "units", {"command": "ablate", "method": "zero"}, Here())
    assert read_manifest(job.folder)["about"]["method"] == "zero"
    Job(tmp_path / "units", {"method": "zero", "command": "ablate"}, Here())
    with pytest.raises(InputError, match=r"another job: its method differ"):
        Job(tmp_path / "units", {"command": "ablate", "method": "mean"}, Here())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("x")
    with pytest.raises(InputError, match="something else"):
        Job(tmp_path / "mine", {}, Here())
    with pytest.raises(InputError, match="holds no units"):
        read_manifest(tmp_path / "mine")


def test_ctrl_c_keeps_the_units_and_the_same_command_does_the_others_alone(
    llama_folder,
    data,  # noqa: F811
    small_batches,  # noqa: F811
    tmp_path,
    monkeypatch,
    capsys,
):
    done, real = [], work.store.write

    def write(folder, unit, *rest):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(unit.digest)
        real(folder, unit, *rest)

    command = ["ablate", "--model", llama_folder, "--task", "next", "--data", data, "--method", "mean"]
    interrupted = [*command, "--json", tmp_path / "units.json", "--units", tmp_path / "units"]
    monkeypatch.setattr(work.store, "write", write)
    assert run(*interrupted) == 1 and "goes on from there" in capsys.readouterr().err and not (tmp_path / "units.json").exists()
    monkeypatch.setattr(work.store, "write", lambda folder, unit, *rest: (done.append(unit.digest), real(folder, unit, *rest)))
    same_as_alone("ablate", llama_folder, data, tmp_path)
    assert len(done) == len(set(done)) > 4  # nothing was done twice


@pytest.mark.thorough
def test_in_processes_one_of_which_is_killed_and_one_never_answers(llama_folder, data, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr("explorer.tasks.base.TOKENS", 40)
    said, happened = [], []
    executor = Processes(["cpu", "cpu"], said.append, timeout_s=60.0)
    planner, task = planner_of(llama_folder, data, tmp_path / "units", executor)

    def tell(share):
        pids = [next(iter(pool._processes), None) for pool in executor._pools if pool is not None]
        if share > 0.2 and not happened and len(pids) == 2:
            os.kill(pids[0], signal.SIGKILL)
            os.kill(pids[1], signal.SIGSTOP)
            happened.append(share)
            executor.timeout_s = 3.0
        elif happened and any("has ended" in text for text in said) and len(said) > 1:
            executor.timeout_s = 60.0

    found, alone = ablation.swept(planner, task, "zero", tell), sweep(task)
    executor.close()
    assert happened and len(said) >= 2
    assert all(found.without[head].loss.tobytes() == alone.without[head].loss.tobytes() for head in alone.without)


def test_a_unit_that_never_succeeds_is_told(llama_folder, data, tmp_path, monkeypatch):  # noqa: F811
    planner, task = planner_of(llama_folder, data, tmp_path / "units", executors.Processes(["cpu"]))
    tries = []

    def submit(number, unit, folder):
        from concurrent.futures import Future

        tries.append(unit)
        future = Future()
        future.set_result({"state": work.FAILED, "why": "no luck.", "lasting": ""})
        return future

    monkeypatch.setattr(planner.job.executor, "_submit", submit)
    with pytest.raises(ModelError, match=r"does not succeed: no luck\. What is done is kept"):
        ablation.swept(planner, task, "zero")
    assert len(tries) >= executors.TRIES


def test_arguments_that_cannot_be_are_told(llama_folder, data, tmp_path, capsys):  # noqa: F811
    command = ["syntax", "--model", llama_folder, "--json", tmp_path / "out.json"]
    assert run(*command, "--processes", 0) == 1 and "from 1" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main.main([str(word) for word in [*command, "--processes", 2, "--scheduler", "tcp://here:1"]])
