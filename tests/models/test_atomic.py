"""Files and folders that are whole or not there at all."""

import ast
import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

import models
from models import atomic
from models.errors import WriteError
from tests import tiny, tiny_training


def test_a_file_takes_its_place_at_the_end(tmp_path):
    file = tmp_path / "file"
    file.write_text("old")
    (tmp_path / f"file{atomic.PARTIAL}").write_text("what a kill left, and longer")
    with atomic.whole(file) as beside:
        beside.write_text("new")
        assert file.read_text() == "old"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "new")]
    with pytest.raises(ZeroDivisionError), atomic.whole(file) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "new")]


def _in_another_process(work: Callable[[], object]) -> int:
    """Starts work in a copy of this process, which loads nothing anew, and gives its number."""
    if child := os.fork():
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)


def _killed(block: AbstractContextManager[Path]) -> None:
    """Writes in another process, which is killed meanwhile."""

    def work() -> None:
        with block as beside:
            (beside / "rest" if beside.is_dir() else beside).write_text("x")
            os.kill(os.getpid(), signal.SIGKILL)

    assert os.waitstatus_to_exitcode(os.waitpid(_in_another_process(work), 0)[1]) == -signal.SIGKILL


def test_what_a_killed_process_left_is_taken_away_and_what_a_living_one_writes_is_not(tmp_path):
    file, folder = tmp_path / "file", tmp_path / "new"
    _killed(atomic.whole(file))
    _killed(atomic.whole_folder(folder))
    left = list(tmp_path.iterdir())
    assert len(left) == 2 and not file.exists() and not folder.exists()
    elsewhere = tmp_path / f"file.00000000-1-0{atomic.PARTIAL}"  # by another machine
    elsewhere.write_text("x")
    with atomic.whole(file) as one, atomic.whole(file) as other, atomic.whole_folder(folder) as third:
        assert not any(path.exists() for path in left) and one != other
        one.write_text("one")
        other.write_text("other")
        with atomic.whole(file) as last:
            last.write_text("last")
        assert one.exists() and other.exists() and third.exists() and elsewhere.exists()
    assert file.read_text() == "one"  # who ends last is right
    os.utime(elsewhere, (0, 0))
    with atomic.whole(file) as beside:
        beside.write_text("new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "new"]


def test_two_processes_that_write_one_file_both_end_and_it_is_whole(tmp_path):
    """Under one name for both, one took away what the other was still writing."""

    def often(letter: str) -> None:
        for _time in range(300):
            atomic.put_text(tmp_path / "file", letter * 100_000)

    both = [_in_another_process(lambda letter=letter: often(letter)) for letter in "ab"]
    assert [os.waitpid(child, 0)[1] for child in both] == [0, 0]
    assert (tmp_path / "file").read_text() in ("a" * 100_000, "b" * 100_000) and len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_somebody_else_made_meanwhile(tmp_path):
    folder = tmp_path / "folder"
    with atomic.whole_folder(folder) as one:
        (one / "config.json").write_text("1")
        with atomic.whole_folder(folder) as other:
            (other / "config.json").write_text("2")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"config.json": "1"} and len(list(tmp_path.iterdir())) == 1


def test_a_new_folder_appears_at_once_and_an_old_one_is_changed_file_by_file(tmp_path):
    folder = tmp_path / "deep" / "folder"
    with atomic.whole_folder(folder) as beside:
        (beside / "config.json").write_text("1")
        (beside / "weights").write_text("1")
        assert not folder.exists()
    (folder / "mine").write_text("mine")
    (folder / atomic.PARTIAL).mkdir()
    (folder / atomic.PARTIAL / "rest").write_text("what a kill left")
    with atomic.whole_folder(folder) as beside:
        (beside / "config.json").write_text("2")
        assert (folder / "config.json").read_text() == "1"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"config.json": "2", "weights": "1", "mine": "mine"}
    with pytest.raises(WriteError, match="No space left"), atomic.whole_folder(folder) as beside:
        (beside / "config.json").write_text("3")
        raise OSError(errno.ENOSPC, "full")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"config.json": "2", "weights": "1", "mine": "mine"}
    assert [path.name for path in folder.parent.iterdir()] == ["folder"]


@pytest.mark.parametrize("moves", range(6))
def test_who_is_killed_while_a_model_takes_the_place_of_another_leaves_no_mixture(tmp_path, monkeypatch, moves):
    """Stopped before the move of that number: the folder opens as the old model or as the new one, or says that it is none."""
    folder, real, made = tmp_path / "model", os.replace, []
    tiny.save("gpt2", folder)

    class Killed(BaseException):
        pass

    def replace(source, target):
        if len(made) == moves:
            raise Killed
        made.append(target)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    try:
        with atomic.whole_folder(folder) as beside:
            tiny.save("bert", beside)
    except Killed:
        with pytest.raises(models.ModelError, match=r"no config\.json"):
            models.load(folder, device="cpu")
    else:
        assert models.load(folder, device="cpu").kind == "encoder" and moves >= len(made)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(errno.ENOSPC, ""), "Make room"),
        (OSError(errno.EFBIG, ""), "Make room"),
        (SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"), "Make room"),
        (OSError(errno.EROFS, ""), "this user may write to"),
        (PermissionError(errno.EACCES, ""), "this user may write to"),
        (SafetensorError("I/O error: Permission denied (os error 13)"), "this user may write to"),
        (FileNotFoundError(errno.ENOENT, ""), "Make the folder first"),
        (OSError(errno.EIO, ""), "another place"),
    ],
)
def test_what_the_system_says_is_told_with_an_advice(tmp_path, error, advice):
    with pytest.raises(WriteError) as caught, atomic.whole(tmp_path / "made"):
        raise error
    assert str(tmp_path / "made") in caught.value.problem and advice in caught.value.advice


def test_no_folder_is_told(tmp_path):
    with pytest.raises(WriteError, match="Make the folder first"), atomic.whole(tmp_path / "none" / "file") as beside:
        beside.write_text("x")
    with pytest.raises(WriteError, match="Make the folder first"), atomic.whole(tmp_path / "none" / "file") as beside:
        save_file({"a": torch.zeros(2)}, beside)


def test_a_training_is_kept_until_all_of_its_folder_is_there(tmp_path, monkeypatch):
    from models.training import runs

    run = tiny_training.training()
    run.step()
    with monkeypatch.context() as patched, pytest.raises(WriteError, match="No space left"):
        patched.setattr(runs, "save_file", lambda *_given, **_how: (_ for _ in ()).throw(SafetensorError("No space (os error 28)")))
        run.save(tmp_path / "run")
    assert not list(tmp_path.iterdir())
    run.snapshots.append(run.now())
    run.save(tmp_path / "run")
    assert runs.load(tmp_path / "run").done == 1


_WRITES = {"write_text", "write_bytes", "save_file", "save_pretrained", "savez", "savez_compressed", "save"}
_ELSEWHERE = {
    ("explorer/ablation/resumable.py", "put"),  # appends a line
    ("explorer/export.py", "packed"),  # to memory
}


def writers(tree: ast.AST, within: tuple[ast.AST, ...] = ()) -> Iterator[tuple[str, int, str, bool]]:
    """Calls that write a file: in which function, in which line, what is called, and whether a block of `whole` or `whole_folder` is around."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [*node.args, *(key.value for key in node.keywords if key.arg == "mode")]
            modes = [one.value for one in given if isinstance(one, ast.Constant)]
            opens = called == "open" and any(isinstance(mode, str) and set(mode) <= set("wabxt+") for mode in modes)
            on_disk = called != "save" or getattr(getattr(node.func, "value", None), "id", "") in ("np", "torch", "numpy")
            if opens or (called in _WRITES and on_disk):
                blocks = [item.context_expr for one in within if isinstance(one, ast.With) for item in one.items]
                around = any(getattr(getattr(block, "func", None), "id", "").startswith("whole") for block in blocks)
                functions = [one.name for one in within if isinstance(one, ast.FunctionDef)]
                yield functions[-1] if functions else "", node.lineno, called, around
        yield from writers(node, (*within, node))


def test_whatever_writes_a_file_writes_it_beside_its_place():
    root = Path(models.__file__).parents[1]
    seen, wrong = 0, []
    for folder in ("explorer", "models", "scripts", "pages"):
        for path in sorted((root / folder).rglob("*.py")):
            name = str(path.relative_to(root))
            for function, line, called, around in writers(ast.parse(path.read_text(encoding="utf-8"))):
                seen += 1
                if not around and (name, function) not in _ELSEWHERE:
                    wrong.append(f"{name}:{line} {called}")
    assert not wrong and seen > 20
