"""A full disk, a folder that may not be written to, files that disappear: a sentence with an advice, and what was there is intact."""

import errno
import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

import models
from explorer.cli import main
from explorer.export import zipped
from explorer.lectures import shipped
from models.errors import ModelError, WriteError
from models.surgery import slicing
from tests import tiny as making


@contextmanager
def full_disk(most_bytes: int):
    """No file of this process grows beyond so many bytes, as on a disk that is full; the system says so at the write."""
    before, heard = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, heard)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def command(name: str, folder: Path, out: Path, lines: Path) -> list[str]:
    task = ["--model", folder, "--task", "next", "--data", lines]
    lecture = out.parent / "lecture.json"
    step = {"kind": "text", "title": "One", "notes": "One.", "minutes": 1.0}
    lecture.write_text(json.dumps({"attention_explorer_lecture": 1, "title": "One", "steps": [step]}))
    made = {
        "ablate": ["ablate", *task, "--json", out / "made.json"],
        "prune": ["prune", *task, "--order", "random", "--json", out / "made.json"],
        "capture": ["capture", "--model", folder, "--text", "the cat sat on the mat", "--out", out / "made.npz"],
        "slice": ["slice", "--model", folder, "--heads", "0.1,0.0", "--out", out / "made"],
        "train": ["train", "--task", "copying", "--set", "d_model=16", "--steps", 2, "--out", out / "made"],
        "atlas": ["atlas", "--model", folder, "--data", lines, "--out", out / "made"],
        "heads": ["heads", "--model", folder, "--data", lines, "--json", out / "made.json"],
        "syntax": ["syntax", "--model", folder, "--limit", 2, "--json", out / "made.json"],
        "lectures compute": ["lectures", "compute", "Q7"],
        "lectures export": ["lectures", "export", lecture, "--out", out / "made.html"],
    }
    return [str(argument) for argument in made[name]]


NAMES = ["ablate", "prune", "capture", "slice", "train", "atlas", "heads", "syntax", "lectures compute", "lectures export"]


@pytest.fixture
def out(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_told_and_leaves_what_was_there(llama_folder, lines, out, capsys, name):
    arguments = command(name, llama_folder, out, lines)
    for file in ("made.json", "made.npz", "made.html", "q07_diversity.json"):
        (out / file).write_text("what was there")
    before = contents(out)
    with full_disk(100):
        assert main.main(arguments) == 1
    said = capsys.readouterr().err
    assert "could not be written" in said and "Make room, or name another place" in said and "Traceback" not in said
    left = contents(out)
    assert {file: left.get(file) for file in before} == before
    # A result that is half written is not there under its own name.
    assert not [file for file in left if file not in before and not file.endswith(".unfinished")]
    for file in before:
        (out / file).unlink()
    assert main.main(arguments) == 0


def test_a_folder_that_may_not_be_written_to_is_told(llama_folder, lines, out, capsys, monkeypatch):
    # Also where the user may do everything, as in a container.
    def read_only(self, mode="r", *more, **how):
        if "w" in mode or "a" in mode:
            raise OSError(errno.EROFS, "Read-only file system", str(self))
        return real(self, mode, *more, **how)

    real = Path.open
    for name in ("ablate", "capture"):
        arguments = command(name, llama_folder, out, lines)
        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", read_only)
            assert main.main(arguments) == 1
        assert "a place that this user may write to" in capsys.readouterr().err and not contents(out)


def test_a_file_of_examples_that_disappears_is_told(llama_folder, lines, out, capsys, monkeypatch):
    arguments = command("ablate", llama_folder, out, lines)
    real = Path.read_bytes

    def gone(self):
        self.unlink(missing_ok=True)
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", gone)
    assert main.main(arguments) == 1
    said = capsys.readouterr().err
    assert "lines.txt cannot be read" in said and "Check the path" in said and not contents(out)


def test_a_model_whose_folder_disappears_while_it_is_read_is_told(tmp_path):
    """Taken away before its first file is opened, its second, and so on: the model is there whole, or there is a sentence."""
    folder, opened, taken = tmp_path / "model", [], [0]

    def heard(event: str, values: tuple) -> None:
        if taken[0] and event == "open" and str(values[0]).startswith(str(folder)):
            opened.append(values[0])
            if len(opened) == taken[0]:
                taken[0] = 0
                shutil.rmtree(folder)

    sys.addaudithook(heard)
    told = 0
    for number in range(1, 9):
        making.save("llama", folder)
        opened.clear()
        taken[0] = number
        try:
            models.load(folder, device="cpu")
        except ModelError as error:
            told += 1
            assert error.advice and not folder.exists()
        taken[0] = 0
    assert told >= 4


def test_a_model_outlives_its_file_being_written_over(tmp_path):
    """As a training script does that saves again into the folder that is looked at. In a process of its own, which a mapped file would end."""
    folder = making.save("llama", tmp_path / "model")
    program = f"""
import models, torch
model = models.load({str(folder)!r}, device="cpu")
ids = torch.tensor([[5, 6, 7]])
before = model.network(input_ids=ids).logits
open({str(folder / "model.safetensors")!r}, "wb").close()
assert torch.equal(model.network(input_ids=ids).logits, before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (done.returncode, done.stderr)


def test_a_download_for_which_there_is_no_room_leaves_nothing(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    model = tiny("bert")
    with full_disk(100), pytest.raises(WriteError, match="Make room"):
        zipped(lambda folder: slicing.export_sliced(model, {0: [1]}, folder))
    assert not list(tmp_path.iterdir())
    assert zipped(lambda folder: slicing.export_sliced(model, {0: [1]}, folder))[:2] == b"PK"
