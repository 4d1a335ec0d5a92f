"""From a model and a corpus to an atlas, in this process; what was read before it was stopped is not read again."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from explorer.atlas import plan as planning
from explorer.atlas import shards
from explorer.atlas.atlas import Atlas
from explorer.atlas.corpus import Corpus
from explorer.atlas.options import Options
from models import Model

SHARD_TOKENS = 100_000
"""Tokens of one shard: what is lost at most when somebody stops."""
WORK = ".work"
"""How the name of the folder ends that shards lie in while an atlas is made."""


def make(
    model: Model,
    corpus: Corpus,
    options: Options | None = None,
    work: Path | None = None,
    progress: Callable[[float], object] | None = None,
    found: Callable[[int, Path], object] | None = None,
) -> Atlas:
    """Reads a corpus.

    Args:
        model: from `models.load`.
        corpus: its texts.
        options: how it is read.
        work: folder for the shards, which stay there; a passing one where None.
        progress: told the share that is done; what it raises ends the work.
        found: told how many shards are there already, and where, if there are any.

    Raises:
        InputError: a text that the model cannot take.
        models.errors.WriteError: a shard cannot be written.
    """
    options, tell = options or Options(), progress or (lambda share: None)
    plan = planning.made(model, corpus, options, lambda share: tell(0.05 * share))
    n = min(len(plan.batches), math.ceil(plan.tokens / SHARD_TOKENS))
    with tempfile.TemporaryDirectory() as passing:
        folder, files = work or Path(passing), []
        if found is not None:
            of = shards.digest(shards.about(model, corpus, plan, options))
            if there := sum(shards.place(of, shard, n, folder).is_file() for shard in range(n)):
                found(there, folder)
        for shard in range(n):

            def part(share: float, done: int = shard) -> None:
                tell(0.05 + 0.93 * (done + share) / n)

            files.append(shards.read(model, corpus, options, shard, n, folder, part, plan))
        made = Atlas.of(shards.merge(files))
    tell(1.0)
    return made


def write(
    model: Model,
    corpus: Corpus,
    folder: Path,
    options: Options | None = None,
    progress: Callable[[float], object] | None = None,
    found: Callable[[int, Path], object] | None = None,
) -> Atlas:
    """The same, to a folder. Shards lie beside it until it is whole, so that a second start goes on."""
    work = folder.with_name(folder.name + WORK)
    made = make(model, corpus, options, work, progress, found)
    made.write(folder)
    shutil.rmtree(work, ignore_errors=True)
    return made
