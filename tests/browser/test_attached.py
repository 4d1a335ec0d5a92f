"""Which heads matter: a job that another process does, watched in a browser while its folder fills."""

import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from explorer.units.watch import Watcher
from tests import tiny
from tests.browser.waiting import eventually, resting_box

EXPANDER = "A job that runs elsewhere"


@pytest.mark.thorough
def test_a_running_job_fills_while_it_is_watched(open_page, tiny_folder, tmp_path):
    draw, data = random.Random(0), tmp_path / "lines.txt"
    data.write_text("".join(" ".join(draw.choices(tiny.WORDS, k=6)) + "\n" for _line in range(20_000)))
    out, units = tmp_path / "heads.json", tmp_path / "units"
    command = [sys.executable, "-m", "explorer", "ablate", "--model", tiny_folder("llama"), "--task", "next", "--data", data, "--json", out]
    command = [str(word) for word in [*command, "--units", units]]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    root = Path(__file__).parents[2]
    page = open_page("/importance?limit=3", wait_for=".st-key-maps")
    with subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as job:
        try:
            eventually(lambda: (units / "plan" / "0000.json").is_file(), True)
            _goes_on(job, units, 2)
            _attach(page, units)
            bar = page.locator("[data-testid=stExpander]", has_text=EXPANDER).locator("[data-testid=stProgress]")
            bar.wait_for()
            # Nobody touches the page: what it says grows by itself, as the folder does.
            eventually(lambda: _done(bar.inner_text()), Watcher(units).look().done)
            for _time in range(2):
                eventually(lambda: _done(bar.inner_text()), _goes_on(job, units))
            page.get_by_text("Not done yet: units").wait_for()
            # It stops where its command does, says what is missing, and goes on with it.
            job.send_signal(signal.SIGINT)
            job.send_signal(signal.SIGCONT)
            job.wait()
        finally:
            job.kill()
    stopped = Watcher(units).look()
    assert not stopped.finished and stopped.done < stopped.planned
    eventually(lambda: _done(bar.inner_text()), stopped.done)
    subprocess.run(command, cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    page.get_by_text("Finished: the command has written its file.").wait_for()
    expect(bar).to_have_count(0)
    cells = page.locator("[data-testid=stExpander]", has_text=EXPANDER).locator("svg.marks .mark-rect path")
    eventually(cells.count, lambda n: n >= 8)
    seen, written = Watcher(units).look(), json.loads(out.read_text())
    assert seen.finished and np.isfinite(seen.rises).all() and written


@pytest.mark.thorough
def test_an_atlas_shows_its_heads_while_it_is_made(open_page, tiny_folder, tmp_path):
    draw, data, units = random.Random(0), tmp_path / "lines.txt", tmp_path / "units"
    data.write_text("".join(" ".join(draw.choices(tiny.WORDS, k=40)) + "\n" for _line in range(6_000)))
    command = ["-m", "explorer", "atlas", "--model", tiny_folder("llama"), "--data", data, "--out", tmp_path / "atlas", "--units", units]
    command = [sys.executable, *map(str, command)]
    how = {
        "cwd": Path(__file__).parents[2],
        "env": {**os.environ, "OMP_NUM_THREADS": "1"},
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    page = open_page("/importance?limit=3", wait_for=".st-key-maps")
    with subprocess.Popen(command, **how) as job:
        try:
            eventually(lambda: (units / "plan" / "0000.json").is_file(), True)
            _goes_on(job, units)
            _attach(page, units)
            told = page.get_by_text("shards, as far as they are read")
            told.wait_for()
            # It grows by itself, as the folder does, and ends where the command is stopped.
            for _time in range(2):
                eventually(lambda: _shards(told.inner_text())[0], _goes_on(job, units))
            job.send_signal(signal.SIGINT)
            job.send_signal(signal.SIGCONT)
            job.wait()
        finally:
            job.kill()
    stopped = Watcher(units).look()
    assert not stopped.finished and stopped.done < stopped.planned
    eventually(lambda: _shards(told.inner_text()), (stopped.done, stopped.planned))
    _as_drawn(page, stopped, "previous")
    # One click opens the choice. It lies below the window: it is scrolled to first, as an open list closes when the page under it moves.
    field = page.locator(".st-key-attached_metric input").first
    field.scroll_into_view_if_needed()
    resting_box(page, ".st-key-attached_metric input")
    field.click()
    page.get_by_role("option", name="entropy", exact=True).click()
    _as_drawn(page, stopped, "entropy")
    subprocess.run(command, check=True, **how)
    page.get_by_text("Finished: the command has written its file.").wait_for()
    eventually(lambda: _shards(told.inner_text()), (stopped.planned, stopped.planned))
    _as_drawn(page, Watcher(units).look(), "entropy")


def _attach(page, units):
    """Gives the page the folder of the job."""
    page.get_by_text(EXPANDER).click()
    field = page.get_by_role("textbox", name="Folder of its units")
    field.fill(str(units))
    field.press("Enter")


def _goes_on(job, units, n=1):
    """Lets the command do so many units or a few more, and holds it there, so that a fast machine is not done before anybody looks.

    Returns:
        Units that are done.
    """
    before = Watcher(units).look().done
    job.send_signal(signal.SIGCONT)
    eventually(lambda: Watcher(units).look().done >= before + n, True)
    job.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, job.pid, os.WSTOPPED)
    return Watcher(units).look().done


def _as_drawn(page, seen, metric):
    """The heads are named with what the folder says, and the map has a cell for each of them."""
    values = seen.metrics[metric]
    layer, head = np.unravel_index(np.nanargmax(values), values.shape)
    page.get_by_role("link", name=f"{layer}.{head} ({values[layer, head]:.3f})").wait_for()
    cells = page.locator("[data-testid=stExpander]", has_text=EXPANDER).locator("svg.marks .mark-rect path")
    eventually(cells.count, lambda n: n >= values.size)


def _shards(text: str) -> tuple[int, int]:
    """Of a line such as ".. over all rows of 3 of 12 shards, .."."""
    read, every = re.search(r"(\d+) of (\d+) shards", text).groups()
    return int(read), int(every)


def _done(text: str) -> int:
    """Units that are done, of a line such as "sweep: 3 / 40 · 8 %"."""
    return int(text.split(" / ")[0].split()[-1])
