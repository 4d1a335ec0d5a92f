"""An atlas of every head, against the forward passes alone and against brute force: `python -m benchmarks.atlas`.

12 x 12 heads with random weights (`shapes.bert_base`) and the bundled models read paragraphs of WikiText-2 (../shared/data, not in this
checkout; where it is missing, the project's own texts over and over). The other side are the same batches through the same network and the
same attention function, which nobody asks for anything. Both take turns, and what is compared is processor time. Batches are an even sample of
those of a large corpus, as in a small one few texts have the same length; what roles are compared with is computed once for each atlas,
whatever its corpus, and stands in a column of its own. Size on disk grows with heads and with the texts that kept rows are of, not with the
corpus; memory is measured after a quarter and after all.

Exits 1 where reading takes more than 2 times the forward passes, or an atlas more than 60 MB.

`--brute 200` holds atlases of the bundled models over so many sentences of a treebank (UD EWT's dev part in ../shared/data, the project's own
where that is missing) against all their weights, which are kept and sorted: kept rows with their keys, deciles, histograms. Exits 1 where one
is not the same.

`--whole FOLDER` reads --base tokens without leaving any out, with 12 x 12 heads or the model of `--of`: minutes to hours. It may be stopped
and goes on from the last shard; the forward passes alone are run for every fifth shard, and beside it stands what the process holds after each
shard, and the most that it has held by then. The atlas stays in the folder.

`--flat 20` reads so many shards of about 5,000 tokens with 12 x 12 heads, and prints what the process holds after each: minutes. Exits 1
where the second half of them needs more than 5 % above the first.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

import models
from benchmarks import memory, report, shapes
from explorer.atlas import corpus, making, reading, reference, shards
from explorer.atlas import plan as planning
from explorer.atlas.atlas import Atlas
from explorer.atlas.options import Options
from explorer.atlas.plan import Plan
from explorer.reading import tokens_of
from explorer.scores import measure
from models import Model
from models.opening import sites
from tests.explorer.atlas import brute

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FILE, TREES = _DATA / "wikitext2" / "train.raw.gz", _DATA / "ud_ewt" / "en_ewt-ud-dev.conllu"
RATIO, DISK_MB = 2.0, 60
_FLAT, FLAT_TOKENS, GROWN = 120, 5_000, 1.05
"""Shards and their tokens of a corpus of which `--flat` reads some, and what they may hold more in the end."""
CORPUS = 400_000
"""Tokens of the corpus whose batches are sampled."""
BUNDLED = ("gpt2-mini", "bert-mini", "all-MiniLM-L6-v2")
_ALONE = 5
"""Of so many shards of a whole corpus one goes through the network alone, too; not the first, which also computes what there is once."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=20_000, help="of the bundled models (default: %(default)s)")
    parser.add_argument("--base", type=int, default=8_000, help="of 12 x 12 heads; 1000000 takes hours on two cores (default: %(default)s)")
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument("--brute", type=int, metavar="SENTENCES", help="against brute force instead")
    parser.add_argument("--trees", type=Path, default=TREES, help="a treebank for --brute (default: %(default)s)")
    parser.add_argument("--whole", type=Path, metavar="FOLDER", help="all of --base tokens instead, with 12 x 12 heads or --of")
    parser.add_argument("--of", choices=BUNDLED, help="a bundled model for --whole")
    parser.add_argument("--shard", type=int, default=making.SHARD_TOKENS, metavar="N", help="tokens of a shard of --whole (default: %(default)s)")
    parser.add_argument("--flat", type=int, metavar="SHARDS", help="what the process holds after each of so many shards instead")
    given = parser.parse_args()
    if given.brute:
        return against_brute_force(given.trees, given.brute)
    texts, rows = _texts(given.file), []
    if given.whole:
        return whole(texts, given.whole, given.of, given.base, given.shard)
    if given.flat:
        return flat(texts, given.flat)
    with tempfile.TemporaryDirectory() as folder:
        base = models.load(shapes.bert_base(Path(folder) / "base"), device="cpu")
        for name, model, tokens in (
            ("12 x 12, 768 wide", base, given.base),
            *((name, models.load(name, device="cpu"), given.tokens) for name in BUNDLED),
        ):
            rows.append(_row(name, model, texts, tokens, Path(folder) / "atlas"))
    header = ["model", "ratio", "", "reading", "forward alone", "once", "tokens", "on disk", "", "peak memory after a quarter, after all"]
    report.show(f"An atlas of {texts.name}, processor time", header, rows)
    return int(any("MISSED" in row for row in rows))


def _row(name: str, model: Model, texts: corpus.Corpus, tokens: int, folder: Path) -> list[str]:
    options = Options(tokens=CORPUS)
    plan = planning.made(model, texts, options)
    some = _sample(plan, tokens)
    reading.read(model, _sample(plan, tokens // 4), options)
    quarter = _peak_mb()
    alone = _cpu(lambda: forward(model, some))
    took = _cpu(lambda: reading.read(model, some, options))
    alone = (alone + _cpu(lambda: forward(model, some))) / 2
    once = _cpu(lambda: reference.of_model(model, plan))
    making.write(model, texts, folder, Options(tokens=tokens))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    n = sum(len(plan.sources[i]) for batch in some.batches for i in batch)
    ratio = [f"{took / alone:.2f}x", report.verdict(took / alone, RATIO)]
    peaks = f"{quarter:,.0f} MB, {_peak_mb():,.0f} MB"
    times = [f"{seconds:.1f} s" for seconds in (took, alone, once)]
    return [name, *ratio, *times, f"{n:,}", f"{size:.1f} MB", report.verdict(size, DISK_MB), peaks]


def against_brute_force(trees: Path, sentences: int) -> int:
    """Prints what of the atlases of bundled models over some sentences is the same as by brute force."""
    texts, rows, equal = corpus.treebank(trees, trees.stem).first(sentences) if trees.is_file() else corpus.own().first(sentences), [], True
    for name in BUNDLED:
        found = brute.compare(models.load(name, device="cpu"), texts, Options())
        equal &= found.equal
        counted = [
            f"{same:,} of {n:,}" for same, n in ((found.same, found.kept), (found.same_deciles, found.deciles), (found.same_bins, found.bins))
        ]
        verdict = "equal" if found.equal else "NOT EQUAL"
        rows.append([name, f"{found.heads}", f"{found.read:,}", *counted, f"{found.weight:.0e}", f"{found.distance:.0e}", verdict])
    header = ["model", "heads", "rows read", "kept rows and their keys", "deciles of bins", "rows in bins", "largest difference of a weight"]
    report.show(f"An atlas of {len(texts.texts)} texts of {texts.name} beside brute force", [*header, "of a distance's share", ""], rows)
    return int(not equal)


def whole(texts: corpus.Corpus, folder: Path, name: str | None, tokens: int, shard_tokens: int) -> int:
    """Reads all tokens shard by shard, prints each, and what they are together; goes on where it was stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    model = models.load(name or shapes.bert_base(folder / "base"), device="cpu")
    options = Options(tokens=tokens)
    plan = planning.made(model, texts, options)
    n = min(len(plan.batches), math.ceil(plan.tokens / shard_tokens))
    of = shards.digest(shards.about(model, texts, plan, options))
    log, files = folder / f"{of}-{n}.jsonl", []
    done = {one["shard"]: one for one in map(json.loads, log.read_text().splitlines())} if log.is_file() else {}
    for shard in range(n):
        found = {"shard": shard, "tokens": sum(len(plan.sources[i]) for batch in plan.shard(shard, n) for i in batch)}
        if shard not in done:
            # Read, and stopped before its time was written: it is read again, or it would have taken none.
            (folder / "work" / f"{of}-{shard:05d}-of-{n:05d}.npz").unlink(missing_ok=True)
        found["reading"] = _cpu(lambda shard=shard: files.append(shards.read(model, texts, options, shard, n, folder / "work", None, plan)))
        if shard not in done:
            if shard % _ALONE == min(1, n - 1):
                found["alone"] = _cpu(lambda shard=shard: forward(model, dataclasses.replace(plan, batches=plan.shard(shard, n))))
            done[shard] = found | {"memory": _peak_mb(), "held": _held_mb()}
            with log.open("a") as stream:
                stream.write(json.dumps(done[shard]) + "\n")
        print(done[shard], flush=True)
    Atlas.of(shards.merge(files)).write(folder / "atlas")
    both = [one for one in done.values() if "alone" in one]
    ratio = sum(one["reading"] for one in both) / sum(one["alone"] for one in both)
    size = sum(file.stat().st_size for file in (folder / "atlas").rglob("*") if file.is_file()) / 1e6
    times = [f"{sum(one['reading'] for one in done.values()):,.0f} s", f"{sum(one['tokens'] for one in both):,}"]
    some = sorted({0, n // 4, n // 2, n - 1})
    held = ["{:,.0f} MB".format(max(one["memory"] for one in done.values()))]
    held += [", ".join(f"{done[shard].get('held', math.nan):,.0f} MB" for shard in some)]
    row = [name or "12 x 12, 768 wide", f"{plan.tokens:,}", *times, f"{ratio:.2f}x", report.verdict(ratio, RATIO)]
    header = ["model", "tokens", "reading", "of these also alone", "ratio", "", "on disk", "", "peak memory", "held after shards"]
    report.show(f"An atlas of {texts.name}, processor time", header, [[*row, f"{size:.1f} MB", report.verdict(size, DISK_MB), *held]])
    return int(ratio > RATIO or size > DISK_MB)


def flat(texts: corpus.Corpus, n: int) -> int:
    """Reads shards of 12 x 12 heads and looks at what the process holds after each, and at the most that it held meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        model, options = models.load(shapes.bert_base(Path(folder) / "base"), device="cpu"), Options(tokens=_FLAT * FLAT_TOKENS)
        plan = planning.made(model, texts, options)
        rows, held = [], []
        # The first one also computes what roles are compared with.
        for shard in range(1, n + 1):
            memory.reset()
            took = _cpu(lambda shard=shard: shards.read(model, texts, options, shard, _FLAT, Path(folder), None, plan))
            held.append(_held_mb())
            rows.append([f"{shard}", f"{took:.1f} s", f"{held[-1]:,.0f} MB", f"{_peak_mb():,.0f} MB"])
    report.show(f"Shards of {texts.name}, 12 x 12, 768 wide", ["shard", "processor time", "held after it", "at most meanwhile"], rows)
    first, second = held[: n // 2], held[n // 2 :]
    grown = sum(second) / len(second) / (sum(first) / len(first)) - 1
    print(f"\nheld after the second half against the first: {grown:+.1%} {report.verdict(1 + grown, GROWN)}")
    return int(1 + grown > GROWN)


def _sample(plan: Plan, tokens: int) -> Plan:
    """Every so many batches of a plan, that hold about so many tokens together."""
    return dataclasses.replace(plan, batches=plan.batches[:: max(1, round(plan.tokens / tokens))])


def forward(model: Model, plan: Plan) -> None:
    """The batches of a plan through the network, of which nobody asks anything."""
    for numbers in plan.batches:
        batch = [tokens_of(model, plan.encoded(i)) for i in numbers]
        with torch.inference_mode():
            model.network.base_model(**sites.inputs_for(model.network, **measure.inputs(batch, model.device)))


def _texts(file: Path) -> corpus.Corpus:
    if not file.is_file():
        own = corpus.own()
        return corpus.Corpus(own.name, own.texts * 200)
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        lines = [line.strip() for line in stream if len(line.split()) > 8]
    return corpus.Corpus("WikiText-2", tuple(corpus.Text(line) for line in lines))


def _cpu(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def _held_mb() -> float:
    return memory.resident() / 2**20


def _peak_mb() -> float:
    return memory.highest() / 2**20


if __name__ == "__main__":
    sys.exit(main())
