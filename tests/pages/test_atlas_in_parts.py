"""Atlas, of a file that the page itself reads: what is drawn meanwhile is an atlas of just the texts that are read."""

import itertools
import threading
import time

import numpy as np
import pandas as pd
import pytest

import models
from explorer.atlas import corpus, in_parts, making, plan, shards
from explorer.atlas.options import Options
from explorer.jobs import JOBS
from tests.explorer.atlas.test_growing import alone
from tests.pages.shared import PATIENCE, give, opened, settle, written
from tests.pages.test_atlas import points
from tests.pages.test_growing_atlas import as_drawn

N = 4
_RUNS = itertools.count(1)


@pytest.fixture
def cats() -> bytes:
    """The file that is read: another one each time, as what was read of one stays known to the process."""
    lines = [f"The cat {'sat ' * (i % 4)}on mat number {i}, and it was {'very ' * (i % 3)}warm.\n" for i in range(39)]
    return "".join([*lines, f"This file is number {next(_RUNS)}.\n"]).encode()


class Gate:
    """Lets jobs read parts one by one, as many as were asked for; a stop arrives while they wait."""

    def __init__(self, reads):
        self.open, self.reads, self.read, self.waiting = threading.Semaphore(0), reads, [], threading.Lock()

    def __call__(self, *arguments):
        if threading.current_thread().name.startswith("jobs"):
            with self.waiting:
                arguments[6](0.0)
                while not self.open.acquire(timeout=0.05):
                    arguments[6](0.0)
            self.read.append(arguments[3])
        return self.reads(*arguments)

    def left(self) -> None:
        """Waits until nobody waits here: a job is over when it is stopped, but its thread learns so a moment later, and would go through."""
        assert self.waiting.acquire(timeout=PATIENCE)
        self.waiting.release()


@pytest.fixture
def gate(monkeypatch):
    made = Gate(shards.read)
    monkeypatch.setattr(in_parts, "PART_TOKENS", 1)
    monkeypatch.setattr(in_parts, "MOST_PARTS", N)
    monkeypatch.setattr(shards, "read", made)
    yield made
    for job in JOBS.running():
        job.stop()


def part_read(app, gate, parts: int) -> None:
    """Lets one part be read, and runs the page when it is."""
    (job,) = JOBS.running()
    gate.open.release()
    ends = time.monotonic() + PATIENCE
    while (found := in_parts.so_far(job.key)) is None or in_parts.of_read(found)["parts"] != [parts, N]:
        assert time.monotonic() < ends and not job.over
        time.sleep(0.02)
    app.run()


def test_heads_are_shown_as_far_as_their_file_is_read(gate, cats, tmp_path) -> None:
    model, texts, options = models.load("gpt2-mini", device="cpu"), corpus.of_file(cats, "cats.txt"), Options(tokens=20_000)
    whole = plan.made(model, texts, options)
    app = opened("atlas", model="gpt2-mini", layer="1", head="1")
    own = points(app)
    app.selectbox(key="atlas_of").set_value("file").run()
    give(app, "atlas_file", "cats.txt", cats)
    # Nothing is read yet: what stood there before stays, under its own name.
    assert "Still shown" in written(app) and "are read" not in written(app) and points(app).equals(own)
    for parts in (1, 2):
        part_read(app, gate, parts)
        read = [number for i in range(parts) for batch in whole.shard(i, N) for number in batch]
        tokens = sum(len(whole.sources[number]) for number in read)
        assert not app.exception and "Still shown" not in written(app)
        assert f"{len(read)} of 40 texts are read, {tokens:,} of {whole.tokens:,} tokens, and all that is shown is of these" in written(app)
        assert f"cats.txt: {len(read)} texts, {tokens:,} tokens" in written(app)
        np.testing.assert_allclose(points(app)["x"], alone(model, texts, range(parts), tmp_path / str(parts), options).heads["previous"])
    expected = alone(model, texts, range(2), tmp_path / "two", options)
    as_drawn(app, expected, lambda app: app.run())
    recipe, found = next(code.value for code in app.code if "in_parts" in code.value), {}
    monkey = recipe.replace("'cats.txt'", repr(str(_file(tmp_path, cats))))
    exec(compile(monkey, "recipe", "exec"), found)
    pd.testing.assert_frame_equal(found["atlas"].heads, expected.heads)
    # Over other texts a head does something else: half an atlas is held against none.
    app.segmented_control(key="atlas_view").set_value("changed").run()
    assert "compared when all texts" in written(app) and len(JOBS.running()) == 1 and not app.exception
    app.segmented_control(key="atlas_view").set_value("metrics").run()

    # A stop keeps what is read, and says both.
    next(button for button in app.button if str(button.key).startswith("stop_job_")).click().run()
    assert "Stopped: Reading cats.txt with gpt2-mini" in written(app) and f"{len(read)} of 40 texts are read" in written(app)
    settle(app)
    np.testing.assert_allclose(points(app)["x"], expected.heads["previous"])
    gate.left()
    assert gate.read == [0, 1] and "_texts_of_atlases" not in app.session_state
    for _part in range(N):
        gate.open.release()
    next(button for button in app.button if str(button.key).startswith("go_on_")).click().run()
    settle(app)
    assert gate.read == [0, 1, 2, 3] and "are read" not in written(app) and "cats.txt: 40 texts" in written(app)
    as_drawn(app, making.make(model, texts, options))
    assert not app.exception and len(app.session_state["_texts_of_atlases"]) == 1


def _file(folder, content):
    file = folder / "cats.txt"
    file.write_bytes(content)
    return file
