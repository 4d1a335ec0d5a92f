"""The units of `heads` and `syntax`: batches of texts, random sequences, parts of a treebank."""

from __future__ import annotations

from explorer.ablation.resumable import Memory
from explorer.scores import baselines, measure, repeated, roles
from explorer.syntax import relations
from explorer.tasks.base import Progress, within
from explorer.units.bench import Bench
from explorer.units.plan import Planner


def heads(planner: Planner, opened: Bench, progress: Progress | None = None) -> roles.Known:
    """Scores and what they are compared with, as `roles.known` finds them.

    Args:
        planner: of the job.
        opened: its model and texts.
        progress: told the share that is done; what it raises ends the work.
    """
    model, alone = opened.model, opened.model.kind != "encoder-decoder"
    pieces, units, keys = Memory(), [], []
    for what in ["texts", *([roles.SHUFFLED] if alone else []), *([roles.RANDOM] if opened.random is not None else [])]:
        whole = measure.in_one_piece(opened.model_of(what))
        batches = [measure.WHOLE] if whole else opened.reading(what).batches
        units += planner.units("texts", [{"what": what, "members": batch} for batch in batches])
        keys += [(what, batch) for batch in batches]
    for what in ["repeated", *([baselines.RANDOM] if opened.random is not None else [])] if alone else []:
        units += planner.units("sequences", [{"what": what}] * repeated.SEQUENCES, range(repeated.SEQUENCES))
        keys += [(what, sequence) for sequence in range(repeated.SEQUENCES)]
    for (what, key), found in zip(keys, planner.job.run("texts", units, within(progress, 0.0, 0.95)), strict=True):
        pieces.put(what, key, found)
    return roles.known(model, opened.texts, str(opened.on["part"]), within(progress, 0.95, 1.0), pieces)


def syntax(planner: Planner, opened: Bench, progress: Progress | None = None) -> relations.Syntax:
    """Counts, as `relations.best_heads` finds them; arguments as for `heads`."""
    pieces, parts = Memory(), relations.parts(len(opened.sentences))
    if opened.model.kind != "encoder-decoder":
        units = planner.units("sentences", [{"first": first, "last": last} for first, last in parts])
        for part, found in zip(parts, planner.job.run("sentences", units, progress), strict=True):
            pieces.put(relations.PIECE, list(part), found)
    return relations.best_heads(opened.model, opened.sentences, resumable=pieces)
