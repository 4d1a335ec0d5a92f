"""Many viewers on one server: `python -m benchmarks.viewers [--viewers 30] [--seconds 60 | --minutes 10] [--every 4] [--cold 10] [--sweep]`.

Each viewer is a websocket session of Streamlit on the loopback address of this machine (`benchmarks.viewer`): viewers and server share its
cores. Each opens *Attention* with the bundled BERT, and changes text and head at once every few seconds; whose answer takes longer than that
waits for it, as a person would, and the table says how many changes were made of those that were due. No text is ever read twice.

- a change is answered when the run of the page has ended of which a picture holds the mark of the change, a word of the new text;
- foreign marks: each viewer's texts hold a word of their own, which nobody else may be sent, in whatever element;
- errors: what a page said that went wrong, connections that ended, changes that nobody answered;
- processor time of the server for each change, which says the same of a busy machine;
- memory of the server after everybody's first page, at half time and at the end. What is kept is bounded (captures, results of jobs), and full
  after some time: from half time on it must stay as it is.

`--cold N`: so many viewers ask at once for a model that is not open, and how often it was opened. `--sweep`: meanwhile one viewer has every head
removed on *Which heads matter*, and another one trains in the lab; both go on until the end.

Exits 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import report
from benchmarks.viewer import Viewer
from models.opening import catalogue
from scripts.serve import serve

GOAL_S = 2.0
"""For 95 % of the changes."""
GOAL_GROWN = 1.1
"""Memory at the end over that at half time."""
MOST_VIEWERS, MOST_SECONDS = 100, 3600.0
PATIENCE_S = 120.0
_LAYERS, _HEADS = 6, 12
_COLD = "gpt2-mini"


@dataclass
class Found:
    """What the viewers saw.

    Attributes:
        seconds: from each change to its answer.
        unanswered: changes without one.
        due: changes that the clock asked for.
        foreign: marks of others that a viewer was sent.
        errors: of all viewers.
    """

    seconds: list[float] = field(default_factory=list)
    unanswered: int = 0
    due: int = 0
    foreign: int = 0
    errors: list[str] = field(default_factory=list)


class Server:
    """The process that serves: its memory and its processor time."""

    def __init__(self, module: str) -> None:
        self._process = next(child for child in psutil.Process().children() if module in child.cmdline())

    def worked_s(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    def megabytes(self) -> float:
        return self._process.memory_info().rss / 1e6


def marks() -> list[str]:
    """Words, each one token of the bundled BERT and no part of another, in any order but always the same."""
    folder = catalogue.bundled_folder(catalogue.BUNDLED_BERT)
    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    words = sorted(word for word in vocabulary if re.fullmatch("[a-z]{8,11}", word))
    words = [word for word in words if not any(word in other and word != other for other in words)]
    return random.Random(0).sample(words, len(words))


def text(name: str, mark: str) -> str:
    """A sentence of 19 tokens."""
    return f"The {name} who lived near the river bought a small green {mark} because it was cheap."


async def changes(viewer: Viewer, name: str, words: list[str], every: float, ends: float, chance: random.Random, found: Found) -> None:
    """Changes text and head until the clock says that it ends."""
    due = time.perf_counter() + every * chance.random()
    for word in words:
        await asyncio.sleep(due - time.perf_counter())
        began = time.perf_counter()
        if began > ends:
            return
        await viewer.ask({"text": text(name, word), "layer": chance.randrange(_LAYERS), "head": chance.randrange(_HEADS)})
        seen = await viewer.answered(word, PATIENCE_S)
        if seen is None:
            found.unanswered += 1
        else:
            found.seconds.append(seen - began)
        due = max(due + every, time.perf_counter())


async def first_page(viewer: Viewer, name: str, word: str, **address: str) -> None:
    await viewer.join()
    await viewer.ask({"text": text(name, word), **address})
    if await viewer.answered(word, PATIENCE_S) is None:
        viewer.errors.append("its first page was never seen")


async def busy(url: str, page: str, button: str) -> Viewer:
    """A viewer who begins something long."""
    viewer = Viewer(url)
    await viewer.join()
    await viewer.ask({}, page)
    if not await viewer.drawn(button, PATIENCE_S):
        raise RuntimeError(f"{page} shows no button {button}: {viewer.errors}")
    await viewer.ask({}, page, press=button)
    return viewer


async def crowd(url: str, server: Server, number: int, seconds: float, every: float, sweep: bool) -> tuple[Found, dict[str, float]]:
    """All viewers, and what the server took."""
    each, all_marks = min(400, int(seconds / every) + 2), marks()
    # What stands on the page of somebody else's text is nobody's mark.
    nobody = Viewer(url, all_marks)
    await first_page(nobody, "person", "because")
    free = [word for word in all_marks if word not in nobody.seen]
    names, words, welcome = free[:number], free[number : number + each], free[number + each]
    viewers, found = [Viewer(url, {*names} - {name}) for name in names], Found()
    for first in range(0, number, 5):
        few = slice(first, first + 5)
        await asyncio.gather(*(first_page(*one, welcome) for one in zip(viewers[few], names[few], strict=True)))
    others = [await busy(url, "importance", "compute_exact"), await busy(url, "training", "train")] if sweep else []
    before, worked, began = server.megabytes(), server.worked_s(), time.perf_counter()
    received = sum(viewer.received for viewer in viewers)
    ends = began + seconds
    mixed = [random.Random(at).sample(words, len(words)) for at in range(number)]

    async def half() -> float:
        await asyncio.sleep(seconds / 2)
        return server.megabytes()

    halfway, *_all = await asyncio.gather(
        half(), *(changes(*one, every, ends, random.Random(at), found) for at, one in enumerate(zip(viewers, names, mixed, strict=True)))
    )
    took = time.perf_counter() - began
    figures = {"before": before, "half": halfway, "after": server.megabytes(), "worked": server.worked_s() - worked, "took": took}
    figures["bytes"] = sum(viewer.received for viewer in viewers) - received
    found.due = int(number * seconds / every)
    found.foreign = sum(len(viewer.seen) for viewer in viewers)
    for viewer in [*viewers, *others, nobody]:
        found.errors += viewer.errors
        await viewer.leave()
    return found, figures


async def cold(url: str, number: int) -> list[float]:
    """Seconds until each of so many viewers saw the model that all of them asked for at once."""
    viewers = [Viewer(url) for _ in range(number)]
    began = time.perf_counter()

    async def one(viewer: Viewer) -> float:
        await first_page(viewer, "person", "because", model=_COLD)
        return time.perf_counter() - began

    taken = await asyncio.gather(*map(one, viewers))
    errors = [error for viewer in viewers for error in viewer.errors]
    for viewer in viewers:
        await viewer.leave()
    if errors:
        raise RuntimeError(f"the cold model was not opened: {errors[:3]}")
    return taken


def measured(number: int, seconds: float, every: float, together: int, sweep: bool) -> tuple[list[list[str]], bool]:
    """The lines of the table, and whether every goal was met."""
    rows, met = [], True

    def row(title: str, value: float, shown: str, goal: float, goal_shown: str) -> None:
        nonlocal met
        met &= value <= goal
        rows.append([title, shown, f"goal {goal_shown}", report.verdict(value, goal)])

    module = "benchmarks.watched"
    with tempfile.TemporaryDirectory() as folder:
        opened = Path(folder) / "opened"
        with serve(180, {"WATCHED_OPENINGS": str(opened)}, module=module) as url:
            found, took = asyncio.run(crowd(url, Server(module), number, seconds, every, sweep))
            if together:
                waited = asyncio.run(cold(url, together))
                times = opened.read_text(encoding="utf-8").split().count(_COLD)
    made = sorted(found.seconds)
    if not made:
        raise RuntimeError(f"no change was answered: {found.errors[:3]}")
    late = made[min(len(made) - 1, int(0.95 * len(made)))]
    rows.append(["median of a change", f"{statistics.median(made):.2f} s", "", ""])
    row("95 % of the changes within", late, f"{late:.2f} s", GOAL_S, f"{GOAL_S:.0f} s")
    rows.append(["the slowest", f"{made[-1]:.2f} s", "", ""])
    wrong = len(found.errors) + found.unanswered
    row("errors, unanswered changes", wrong, str(wrong), 0, "0")
    row("marks of others", found.foreign, str(found.foreign), 0, "0")
    grown = took["after"] / took["half"]
    held = " .. ".join(f"{took[when]:.0f}" for when in ("before", "half", "after"))
    row("memory of the server, then over half time", grown, f"{held} MB ({grown:.2f})", GOAL_GROWN, str(GOAL_GROWN))
    rows.append(["changes made", f"{len(made)} of {found.due} due, {len(made) / took['took']:.1f} a second", "", ""])
    rows.append(["a change, processor of the server", f"{1000 * took['worked'] / len(made):.0f} ms", "", ""])
    rows.append(["a change, sent to the browser", f"{took['bytes'] / 1000 / len(made):.0f} kB", "", ""])
    if together:
        row(f"{together} ask for a cold model at once: opened", times, f"{times} times", 1, "once")
        rows.append(["until the last of them sees it", f"{max(waited):.2f} s", "", ""])
    for error in list(dict.fromkeys(found.errors))[:5]:
        print(f"error: {error[:200]}", file=sys.stderr)
    return rows, met


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewers", description="Many viewers on one server.")
    parser.add_argument("--viewers", type=int, default=30, help=f"at most {MOST_VIEWERS} (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="for which they change text and head (%(default)s)")
    parser.add_argument("--minutes", type=float, help="the same in minutes: 10 shows whether memory stays as it is")
    parser.add_argument("--every", type=float, default=4.0, help="seconds between two changes of a viewer (%(default)s)")
    parser.add_argument("--cold", type=int, default=0, metavar="N", help="so many ask for a cold model at once (%(default)s)")
    parser.add_argument("--sweep", action="store_true", help="one viewer sweeps and another trains meanwhile")
    given = parser.parse_args(arguments)
    number, seconds = max(1, min(given.viewers, MOST_VIEWERS)), min(60 * given.minutes if given.minutes else given.seconds, MOST_SECONDS)
    rows, met = measured(number, seconds, max(0.1, given.every), min(given.cold, MOST_VIEWERS), given.sweep)
    beside = ", a sweep and a training beside them" if given.sweep else ""
    report.show(
        f"{number} viewers, a change of text and head every {given.every:g} s for {seconds:.0f} s{beside}", ["", "measured", "", ""], rows
    )
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
