"""What a shard found, as one file, and what several of them are together, in whatever order they come."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import tokenizers
import torch
import transformers

from explorer.atlas import plan as planning
from explorer.atlas import reading, reference
from explorer.atlas.corpus import Corpus
from explorer.atlas.options import VERSION, Options
from explorer.atlas.reading import Shard, heads_of
from explorer.atlas.sampled import Sampled
from explorer.atlas.sums import Sums
from explorer.atlas.vocabulary import Vocabulary
from explorer.scores.definitions import REPEATED
from explorer.tokens import readable
from models import InputError, Model
from models.atomic import whole, writing
from models.freed import give_back
from models.words import told

_SIDES = ("key", "query")


@dataclass(eq=False)
class Merged:
    """All shards together.

    Attributes:
        about: what it is an atlas of; see `about`.
        sums, rows, vocabulary: as in `reading.Shard`.
        words: readable tokens by id.
        texts: tokens, which are special, and what was written, by number of the text and by side.
        repeated, bounds: as in `reference.Reference`; of no head and no part where the first shard is not there.
    """

    about: dict
    sums: Sums
    rows: np.ndarray
    vocabulary: Vocabulary
    words: dict[int, str]
    texts: dict[int, dict[str, tuple[list[str], list[bool], str]]]
    repeated: np.ndarray
    bounds: np.ndarray


def named(model: Model) -> str:
    """The name of a model in an atlas of it: no place on this machine, and no revision."""
    return model.short_name if model.origin.startswith("folder ") else model.name.partition("@")[0]


def about(model: Model, corpus: Corpus, plan: planning.Plan, options: Options) -> dict:
    """What an atlas is of, for its manifest: no time and no place, so that the same atlas is the same bytes."""
    revision = model.name.partition("@")[2]
    n, cut = plan.unread
    return {
        "version": VERSION,
        "model": {
            "name": named(model),
            "revision": revision,
            "sha256": model.fingerprint,
            "dtype": str(model.dtype).removeprefix("torch."),
            "kind": model.kind,
        },
        "corpus": {
            "name": corpus.name,
            "sha256": corpus.digest,
            "texts": len(plan.sources),
            "tokens": plan.tokens,
            "cut_texts": cut,
            "unread": n,
        },
        "options": asdict(options),
        "heads": [list(head) for head in heads_of(model)],
        "parts": list(model.parts),
        "relations": list(plan.relations),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "tokenizers": tokenizers.__version__},
    }


def read(
    model: Model,
    corpus: Corpus,
    options: Options,
    shard: int,
    shards: int,
    folder: Path,
    progress: Callable[[float], object] | None = None,
    plan: planning.Plan | None = None,
) -> Path:
    """One unit of work: reads a shard and writes one file, whole or not at all; what is there already is not read again.

    Args:
        model: from `models.load`.
        corpus: all of it, whichever shard.
        options: how it is read.
        shard, shards: which of how many, from 0.
        folder: where the file goes; it is made where it is missing.
        progress: told the share that is done; what it raises ends the work.
        plan: of this corpus by these options, where somebody made it.

    Returns:
        The file. Its name says model, corpus, options and shard.

    Raises:
        InputError: no such shard; a text that the model cannot take.
        WriteError: the file cannot be written.
    """
    plan = plan or planning.made(model, corpus, options)
    of = about(model, corpus, plan, options)
    file = place(digest(of), shard, shards, folder)
    if file.is_file():
        return file
    _write(file, model, plan, options, of, shard, shards, progress)
    give_back()
    return file


def _write(
    file: Path,
    model: Model,
    plan: planning.Plan,
    options: Options,
    of: dict,
    shard: int,
    shards: int,
    progress: Callable[[float], object] | None,
) -> None:
    """Reads a shard and writes its file; what it found is let go of at the end."""
    found = reading.read(model, plan, options, shard, shards, progress)
    belongs = reference.of_model(model, plan) if shard == 0 else None
    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
    with whole(file) as beside, beside.open("wb") as stream:
        np.savez(stream, **_arrays(model, of, found, shard, shards, belongs))


def digest(of: dict) -> str:
    """A short name for what an atlas is of."""
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:16]


def place(of: str, shard: int, shards: int, folder: Path) -> Path:
    """Where a shard is, or will be, of the atlas with this digest."""
    return folder / f"{of}-{shard:05d}-of-{shards:05d}.npz"


def named_by(file: Path) -> tuple[str, int] | None:
    """Of a file that `place` named, the digest of its atlas and how many shards there are; None for any other file."""
    found = _NAME.fullmatch(file.name)
    return None if found is None else (found[1], int(found[2]))


_NAME = re.compile(r"([0-9a-f]{16})-\d{5}-of-(\d{5})\.npz")


def merge(files: Sequence[Path]) -> Merged:
    """Puts shards together. The order of the files changes nothing, not a bit.

    Raises:
        InputError: shards of different atlases, one that is missing, or a file that is none.
    """
    merged, there = None, set()
    for file in files:
        given = _opened(file)
        number, shards = (int(one) for one in given["shard"])
        if merged is None:
            of = shards
        merged = _same(merged, given, file)
        if shards != of:
            raise _foreign(file)
        if number in there:
            continue
        there.add(number)
        _add(merged, given)
    if merged is None or there != set(range(of)):
        missing = ", ".join(str(i) for i in (range(of) if merged else ()) if i not in there)
        raise InputError(told("Shards are missing: {missing}.", missing=missing or "0"), told("Read them, and merge again."))
    merged.rows = merged.rows.rows()
    return merged


def added(merged: Merged | None, file: Path) -> Merged:
    """What there was, and one shard more that is not among it; for who looks while others read.

    Raises:
        InputError: a file that is no shard, or one of another atlas.
    """
    given = _opened(file)
    try:
        merged = _same(merged, given, file)
        _add(merged, given)
    except (KeyError, TypeError, ValueError) as error:
        problem = told("{file} is no shard of an atlas: {why}.", file=file.name, why=str(error)[:200])
        raise InputError(problem, told("Delete it, and read that shard again.")) from error
    return merged


def _same(merged: Merged | None, given: dict[str, np.ndarray], file: Path) -> Merged:
    """What there was, or an empty one for the first shard. Raises InputError where the shard is of another atlas."""
    own = json.loads(bytes(given["about"]))
    if merged is not None and own != merged.about:
        raise _foreign(file)
    return _empty(own) if merged is None else merged


def _foreign(file: Path) -> InputError:
    return InputError(told("{file} is a shard of another atlas.", file=file.name), told("Read all shards with the same options."))


def so_far(merged: Merged) -> Merged:
    """Of the shards that were `added`, what `merge` would give; without the first one, repeated tokens and random weights are not known."""
    repeated = merged.repeated if len(merged.repeated) else np.full((len(merged.about["heads"]), len(REPEATED)), np.nan)
    return replace(merged, rows=merged.rows.rows(), repeated=repeated)


def sums_of(file: Path) -> Sums:
    """The sums of one shard, without its rows and tokens: enough for who watches others read. Raises InputError where they cannot be read."""
    names = [one.name for one in fields(Sums)]
    given = _opened(file, [f"sums_{name}" for name in names])
    return Sums(**{name: given[f"sums_{name}"] for name in names})


def _arrays(model: Model, of: dict, found: Shard, shard: int, shards: int, belongs: reference.Reference | None) -> dict[str, np.ndarray]:
    vocabulary = found.found.vocabulary
    words = readable(model.tokenizer, vocabulary.ids.tolist())
    made = {f"sums_{name}": array for name, array in found.found.sums.arrays().items()}
    made |= {f"mass_{side}": vocabulary.mass(side) for side in _SIDES} | {f"count_{side}": vocabulary.counts(side) for side in _SIDES}
    made |= {
        "rows": found.found.rows.rows(),
        "ids": vocabulary.ids,
        "shard": np.array([shard, shards]),
        "size": np.array(vocabulary.size),
    }
    made |= {name: _json(value) for name, value in (("about", of), ("words", words), ("texts", found.texts))}
    if belongs is not None:
        made |= {"repeated": belongs.repeated, "bounds": belongs.bounds}
    return made


def _json(value: object) -> np.ndarray:
    return np.frombuffer(json.dumps(value, sort_keys=True).encode(), np.uint8)


def _opened(file: Path, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Its arrays by name, all of them where `names` is None."""
    try:
        with np.load(file) as given:
            return {name: given[name] for name in names or given.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        problem = told("{file} is no shard of an atlas: {why}.", file=file.name, why=str(error)[:200])
        raise InputError(problem, told("Delete it, and read that shard again.")) from error


def _empty(of: dict) -> Merged:
    heads, relations = len(of["heads"]), len(of["relations"])
    rows = Sampled(heads, relations, Options(**of["options"]))
    nothing = np.zeros(0)
    return Merged(of, Sums.empty(heads, relations), rows, None, {}, {}, nothing, nothing)


def _add(merged: Merged, given: dict[str, np.ndarray]) -> None:
    names = merged.sums.arrays()
    merged.sums.add(Sums(**{name: given[f"sums_{name}"] for name in names}))
    merged.rows.add(given["rows"])
    if merged.vocabulary is None:
        merged.vocabulary = Vocabulary(len(merged.about["heads"]), len(merged.about["parts"]), int(given["size"]))
    tables = ({side: given[f"{kind}_{side}"] for side in _SIDES} for kind in ("mass", "count"))
    merged.vocabulary.merge(given["ids"], *tables)
    merged.words |= dict(zip(given["ids"].tolist(), json.loads(bytes(given["words"])), strict=True))
    merged.texts |= {int(number): sides for number, sides in json.loads(bytes(given["texts"])).items()}
    if "repeated" in given:
        merged.repeated, merged.bounds = given["repeated"], given["bounds"]
