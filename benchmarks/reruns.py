"""What the server works for one act of a viewer, by page: `python -m benchmarks.reruns`.

The model that each page opens at first (bundled, 6 x 12 heads). Streamlit's own test harness runs the app, so no browser and no network take
part: the time is that of the whole script, from the first line of `app.py` to the last, tables for the browser included. First sentences of 20
tokens that were never seen before; *Prune* reads no text of its own, there it is the time to draw a board and its effect for another set of heads
whose score is known. Then what is not to run the model again, which is counted: another layer and head, the other theme, and coming from another
page.

Exits 1 where a goal is missed, or where a network runs for what was read before. `--sentences N` for more or fewer acts of each kind (20).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path

import torch
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest
from torch.nn.modules.module import register_module_forward_pre_hook
from transformers import PreTrainedModel

from benchmarks import report
from explorer.jobs import JOBS
from scripts.serve import ROOT

GOAL_MS, GOAL_READ_MS = 60.0, 40.0
"""For a new sentence, and for what does not run the model again."""
_PAGES = ("attention", "heads", "compare", "prune", "importance", "weights", "atlas", "syntax", "positions", "softmax")
_BETWEEN = "claims"
"""The page that is looked at before one comes to a page."""
_WORDS = (
    ("old", "young", "tall", "quiet", "happy"),
    ("farmer", "teacher", "painter", "driver", "singer"),
    ("bought", "found", "carried", "wanted", "saw"),
)
_WARM = 3
"""Sentences before the ones that count: what is made once per structure is made by then."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reruns", description="What the server works for one act of a viewer, by page.")
    parser.add_argument("--sentences", type=int, default=20, help="how many, and how many acts of each other kind (%(default)s)")
    given = parser.parse_args(arguments)
    rows, missed = [], False
    for page, change in (("attention", _text), ("heads", _text), ("compare", _text), ("prune", _heads)):
        taken, _ran = _measured(page, change, given.sentences)
        middle = statistics.median(taken)
        missed |= middle > GOAL_MS
        rows.append([page, f"{middle:.0f}", f"{min(taken):.0f} .. {max(taken):.0f}", f"{GOAL_MS:.0f}", report.verdict(middle, GOAL_MS)])
    title = f"Milliseconds of the server for one new sentence of 20 tokens, the page's own first model, median of {given.sentences}"
    report.show(title, ["page", "median", "range", "goal", ""], rows)
    rows = []
    for page in _PAGES:
        found = {act: _measured(page, act, given.sentences) for act in (_head, _theme, partial(_come, page))}
        ran = sum(passes for act, (_taken, passes) in found.items() if (page, act) not in _READS_WEIGHTS)
        middles = [statistics.median(taken) for taken, _ran in found.values()]
        met = max(middles) <= GOAL_READ_MS and not ran
        missed |= not met
        rows.append([page, *(f"{middle:.0f}" for middle in middles), str(ran), f"{GOAL_READ_MS:.0f}", "met" if met else "MISSED"])
    title = f"Milliseconds of the server for what does not run the model again, median of {given.sentences}"
    report.show(title, ["page", "another head", "another theme", "from another page", "forward passes", "goal", ""], rows)
    return int(missed)


def _head(app: AppTest, number: int) -> AppTest:
    app.query_params["layer"], app.query_params["head"] = str(number % 6), str((5 * number + 1) % 12)
    return app.run()


def _theme(app: AppTest, number: int) -> AppTest:
    app.query_params["theme"] = ("dark", "light")[number % 2]
    return app.run()


def _come(page: str, app: AppTest, _number: int) -> AppTest:
    settled(app.switch_page(_file(_BETWEEN)).run())
    return app.switch_page(_file(page)).run()


def _file(page: str) -> str:
    return str(Path("pages") / f"{page}.py")


_READS_WEIGHTS = (("weights", _head),)
"""What another head is read with there is the network's own way in and out, without any text."""


@contextmanager
def _passes() -> Iterator[list[int]]:
    """How often a network ran within the block, as a list of one."""
    ran = [0]

    def count(module: torch.nn.Module, _args: tuple) -> None:
        ran[0] += isinstance(module, PreTrainedModel) and module.base_model is module

    handle = register_module_forward_pre_hook(count)
    try:
        yield ran
    finally:
        handle.remove()


def _measured(page: str, act: Callable[[AppTest, int], AppTest], acts: int) -> tuple[list[float], int]:
    """Milliseconds of each act on a page that is open, and the forward passes that they took together."""
    app = settled(AppTest.from_file(str(ROOT / "app.py"), default_timeout=600).run())
    app = settled(app.switch_page(_file(page)).run())
    taken = []
    with _passes() as ran:
        for number in range(_WARM + acts):
            if number == _WARM:
                ran[0] = 0
            with _timed() as seconds:
                act(app, number)
            assert not app.exception, [error.message for error in app.exception]
            settled(app)
            if number >= _WARM:
                taken.append(1e3 * seconds[0])
    return taken, ran[0]


def _text(app: AppTest, number: int) -> AppTest:
    return app.text_area(key="text").set_value(sentence(number)).run()


def _heads(app: AppTest, number: int) -> AppTest:
    sets = [frozenset({(number % 6, head)}) for head in (number % 12, (number + 5) % 12)]
    app.query_params["pruned"] = ",".join(f"{layer}.{head}" for layer, head in sets[1])
    settled(app.run())  # scored
    app.query_params["pruned"] = ",".join(f"{layer}.{head}" for layer, head in sets[0])
    settled(app.run())
    app.query_params["pruned"] = ",".join(f"{layer}.{head}" for layer, head in sets[1])
    return app.run()


def sentence(number: int) -> str:
    """A sentence of 20 tokens, [CLS] and [SEP] among them; another one for each number below 125."""
    adjective, noun, verb = list(product(*_WORDS))[number * 7 % 125]
    return f"The {adjective} {noun} who lived near the river {verb} a small green boat because it was cheap."


class _timed:
    """Seconds of the last script that ran within the block, as a list of one."""

    def __enter__(self) -> list[float]:
        self._run, taken = script_runner.exec_func_with_error_handling, [0.0]

        def timed(*args: object, **kwargs: object) -> object:
            began = time.perf_counter()
            try:
                return self._run(*args, **kwargs)
            finally:
                taken[0] = time.perf_counter() - began

        script_runner.exec_func_with_error_handling = timed
        return taken

    def __exit__(self, *_error: object) -> None:
        script_runner.exec_func_with_error_handling = self._run


def settled(app: AppTest) -> AppTest:
    """Runs until no job is left: what comes afterwards is not part of the sentence, and must not compete with the next one."""
    while pending := JOBS.running():
        for job in pending:
            job.wait(600)
        app.run()
    return app


if __name__ == "__main__":
    sys.exit(main())
