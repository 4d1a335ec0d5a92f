"""What `kill -9` leaves of long work: `python -m benchmarks.killed`.

Each command runs once undisturbed. Then it is killed, so many times: every other time at a random moment of its run, else within a random
millisecond of a random change that it makes to its files.
Each time it is looked at what lies there: a file under its own name must be the one that the undisturbed run wrote, or the one that was there
before. What a resumable command had finished must still be there after another start, once. Then the command runs to its end, and all
its files must be those of the undisturbed run; of dates, seconds and times in archives nothing is asked.

Commands are tried on tiny random models, in copies of one process that has loaded torch, so that a start takes no time.
Exits 1 where something is lost, doubled, or believed that is half written, and where a command was not killed so often.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors import safe_open

from benchmarks import report
from explorer.atlas import making
from explorer.cli import main as shell
from explorer.cli import training as train
from explorer.lectures import demos, shipped
from models.atomic import PARTIAL
from models.training import chinese, chinese_texts, loop
from tests import tiny

UNFINISHED = ".unfinished"
_CHANGES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
_NOT_ASKED = {"seconds", "date", "times"}


@dataclass(frozen=True)
class Case:
    """A command that is killed.

    Attributes:
        name: for the table.
        run: runs it, and gives its exit status.
        said: what it says where it goes on with finished work; "" for a command that begins again.
        there: what it says where the killed one had finished, and it overwrites nothing.
    """

    name: str
    run: Callable[[], int]
    said: str = ""
    there: str = ""


@dataclass
class Found:
    """What came of the kills of one command: how many met it before its end, went on, ended in the same; and what must not be."""

    kills: int = 0
    kept: int = 0
    went_on: int = 0
    same: int = 0
    half: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def cases(work: Path, out: Path) -> list[Case]:
    """The commands, on what is made in `work`; all that they write goes to `out`."""
    model, lines, data = tiny.save("llama", work / "llama"), work / "lines.txt", work / "zh"
    words = random.Random(0)
    lines.write_text("".join(" ".join(words.choices(tiny.WORDS, k=words.randrange(4, 30))) + "\n" for _ in range(60)))
    data.mkdir()
    pairs = [f"The {who} {does} {i}.\t{of}{what}{i}。\twho" for i in range(80) for who, of, does, what in (("cat", "猫", "sees", "看"),)]
    (data / chinese_texts.PAIRS).write_text("\n".join(pairs), encoding="utf-8")
    (data / chinese_texts.PROSE).write_text("\n".join(["# 甲", *["猫看见狗，狗咬人。人爱猫。"] * 30]), encoding="utf-8")
    lecture = {"attention_explorer_lecture": 1, "title": "One", "steps": [{"kind": "demo", "name": "Q6", "step": "show", "minutes": 1.0}]}
    (work / "lecture.json").write_text(json.dumps(lecture))
    small = dict(steps=12, rate=1e-3, tokens=200, layers=1, heads=2, width=16, context=32, rising=2)
    flags = [part for name, value in small.items() for part in (f"--{name}", str(value))]
    task = ("--model", model, "--task", "next", "--data", lines)

    def command(*arguments: object) -> Callable[[], int]:
        return lambda: shell.main([str(argument) for argument in arguments])

    def kept_often() -> int:
        # Steps of seconds are kept every half minute; these last a millisecond.
        train._KEEP_EVERY_S = 0.05
        return command("train", "--task", "copying", "--set", "d_model=16", "--steps", 100, "--out", out / "toy")()

    def long() -> int:
        loop._KEPT = 0.02
        return chinese.main(["--data", str(data), "--out", str(out / "zh-mini"), *flags])

    def computed() -> int:
        shipped.FOLDER = out
        return command("lectures", "compute", "Q7")()

    def read() -> int:
        making.SHARD_TOKENS = 100
        return command("atlas", "--model", model, "--data", lines, "--out", out / "atlas")()

    return [
        Case("ablate", command("ablate", *task, "--json", out / "heads.json"), "finished pieces found"),
        Case("prune --order greedy", command("prune", *task, "--order", "greedy", "--json", out / "curve.json"), "finished pieces found"),
        Case("prune --order random", command("prune", *task, "--order", "random", "--json", out / "curve.json"), "finished pieces found"),
        Case("train", kept_often, "going on after step", there="holds this very training already"),
        Case("training.chinese", long, "goes on after step"),
        Case("atlas", read, "finished pieces found"),
        Case("heads", command("heads", "--model", model, "--data", lines, "--limit", 8, "--json", out / "scores.json")),
        Case("capture", command("capture", "--model", model, "--text", "the cat sat on the mat", "--out", out / "cat.npz")),
        Case("slice", command("slice", "--model", model, "--heads", "0.1,0.0", "--out", out / "small"), there="is there already"),
        Case("lectures compute", computed),
        Case("lectures export", command("lectures", "export", work / "lecture.json", "--frames", 1, "--out", out / "one.html")),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each command (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=400, help="for each command, at most (default: %(default)s)")
    parser.add_argument("--only", nargs="+", metavar="COMMAND", help="as in the table; default: all")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: %(default)s)")
    given = parser.parse_args(arguments)
    rows, failed = [], False
    demos()  # imports them, once for all copies of this process
    with tempfile.TemporaryDirectory() as made:
        work, out = Path(made) / "work", Path(made) / "out"
        work.mkdir()
        for case in cases(work, out):
            if given.only and case.name not in given.only:
                continue
            found = killed(case, out, given.kills, given.seconds, random.Random(f"{given.seed} {case.name}"))
            went_on = f"{found.went_on} of {found.kept}" if case.said else "begins again"
            wrong = [*found.half, *found.lost]
            failed |= bool(wrong) or found.same < found.kills or found.went_on < found.kept or found.kills < given.kills
            rows.append([case.name, str(found.kills), went_on, f"{found.same} of {found.kills}", str(len(found.lost)), str(len(found.half))])
            for line in wrong:
                print(f"{case.name}: {line}", file=sys.stderr)
    header = ["command", "kills", "went on where work was kept", "ended as undisturbed", "lost or doubled", "half-written files believed"]
    report.show("Killed by kill -9 at random moments and writes", header, rows)
    return int(failed)


def killed(case: Case, out: Path, kills: int, seconds: float, chance: random.Random) -> Found:
    """Kills a command so many times, or until so many seconds are over."""
    ends, found = time.monotonic() + seconds, Found()
    _fresh(out)
    begun = time.monotonic()
    status, said, changes = _started(case, out)
    if status:
        raise RuntimeError(f"{case.name} failed undisturbed: {said}")
    lasts, whole = time.monotonic() - begun, _read(out)
    tries = 0
    while found.kills < kills and tries < 6 * kills and time.monotonic() < ends:
        _fresh(out)
        tries += 1
        at = {"after": chance.uniform(0, lasts)} if tries % 2 else {"change": chance.randrange(1, changes + 1), "late": chance.uniform(0, 2e-3)}
        if _started(case, out, **at)[0] != -signal.SIGKILL:
            continue  # over before its moment came
        found.kills += 1
        _look(out, whole, found)
        before = _pieces(out)
        if chance.random() < 0.5:
            # Once more, while it goes on.
            _started(case, out, after=chance.uniform(0, lasts))
            _look(out, whole, found)
        after = _pieces(out)
        if lost := [] if after is None else sorted(set(before or []) - set(after)):
            found.lost.append(f"lost: {lost}")
        if after and len(after) != len(set(after)):
            found.lost.append("pieces twice")
        kept = bool(case.said) and _kept(out)
        status, said, _changes = _started(case, out)
        found.kept += kept
        # What was whole when the process was ended is found, and nothing is left to go on with.
        found.went_on += kept and (case.said in said or bool(case.there and case.there in said))
        left = _read(out)
        same = left == whole and (status == 0 or bool(case.there and case.there in said))
        found.same += same
        if not same:
            print(f"{case.name}: status {status}, differs in {_differs(left, whole)}: {said[-500:]}", file=sys.stderr)
    return found


def _started(case: Case, out: Path, after: float | None = None, change: int | None = None, late: float = 0.0) -> tuple[int, str, int]:
    """Runs a command in a copy of this process, which is killed after some seconds, or some seconds after some change to its files.

    Returns:
        Its exit status, or minus the signal that ended it; what it said; and how many changes it made to its files.
    """
    log, counted = out.with_name("said.txt"), out.with_name("changes.txt")
    sys.stdout.flush()
    sys.stderr.flush()
    if not (child := os.fork()):
        status = 70
        try:
            with log.open("wb", buffering=0) as said:
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
            made = _watched(out, change, late)
            status = case.run()
            counted.write_text(str(len(made)))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    ends, ended, status = time.monotonic() + after if after is not None else math.inf, 0, 0
    while not ended:
        if time.monotonic() > ends:
            os.kill(child, signal.SIGKILL)  # it was not waited for yet, so the number is still its own
            ends = math.inf
        time.sleep(0.5e-3)
        ended, status = os.waitpid(child, os.WNOHANG)
    status = os.waitstatus_to_exitcode(status)
    return status, log.read_text(encoding="utf-8", errors="replace"), int(counted.read_text()) if status == 0 else 0


def _watched(out: Path, change: int | None, late: float) -> list[str]:
    """The changes that this process makes from now on to files of a folder; it kills itself `late` seconds after the one of that number."""
    made: list[str] = []

    def heard(event: str, values: tuple) -> None:
        if event in _CHANGES and str(values[0]).startswith(str(out)) and (event != "open" or values[2] & (os.O_WRONLY | os.O_RDWR)):
            made.append(event)
            if len(made) == change:
                threading.Thread(target=lambda: (time.sleep(late), os.kill(os.getpid(), signal.SIGKILL)), daemon=True).start()

    sys.addaudithook(heard)
    return made


def _fresh(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()


def _believed(out: Path) -> list[Path]:
    """Files under their own names; not what is being written, nor work that is not finished."""
    files = (path for path in out.rglob("*") if path.is_file())
    return [path for path in files if not any(PARTIAL in part or "unfinished" in part or part.endswith(".work") for part in path.parts)]


def _look(out: Path, whole: dict[str, object], found: Found) -> None:
    for name, content in _read(out).items():
        if content != whole.get(name):
            found.half.append(f"{name} is not what an undisturbed run writes")


def _read(out: Path) -> dict[str, object]:
    return {str(path.relative_to(out)): _content(path) for path in _believed(out)}


def _content(path: Path) -> object:
    """What a file says, without dates and times; None for a broken one."""
    try:
        if path.suffix == ".json":
            return _undated(json.loads(path.read_text(encoding="utf-8")))
        if path.suffix == ".npz":
            with np.load(io.BytesIO(path.read_bytes())) as arrays:
                return {name: array.tobytes() for name, array in arrays.items()}
        if path.suffix == ".safetensors":
            with safe_open(path, "np") as tensors:
                return {name: tensors.get_tensor(name).tobytes() for name in tensors.keys()}  # noqa: SIM118 - no dictionary
        if path.suffix == ".md":
            return [line for line in path.read_text(encoding="utf-8").splitlines() if "minutes" not in line]
        return path.read_bytes()
    except Exception:
        return None


def _undated(value: object) -> object:
    if isinstance(value, dict):
        return {name: _undated(one) for name, one in value.items() if name not in _NOT_ASKED}
    return [_undated(one) for one in value] if isinstance(value, list) else value


def _kept(out: Path) -> bool:
    """Whether work lies there that is not finished: a checkpoint, or at least one finished piece."""
    patterns = ("*/unfinished.safetensors", "*.work/run.safetensors", "*.work/*.npz")
    return bool(_pieces(out)) or any(any(out.glob(pattern)) for pattern in patterns)


def _pieces(out: Path) -> list[str] | None:
    """Names of the pieces that a sweep or a curve has finished, as often as they are there; None where there is no such file."""
    for file in out.glob(f"*{UNFINISHED}"):
        lines = file.read_text(encoding="utf-8").split("\n")[1:-1]  # what follows the last line break was being written
        return [json.loads(line)["key"] for line in lines]
    return None


def _differs(left: dict[str, object], whole: dict[str, object]) -> list[str]:
    return sorted(name for name in left.keys() | whole.keys() if left.get(name) != whole.get(name))


if __name__ == "__main__":
    sys.exit(main())
