"""An atlas of every head, against the forward passes alone: `python -m benchmarks.atlas`.

12 x 12 heads with random weights (`shapes.bert_base`) and the bundled models read paragraphs of WikiText-2 (../shared/data, not in this
checkout; where it is missing, the project's own texts over and over). The other side are the same batches through the same network and the
same attention function, which nobody asks for anything. Both take turns, and what is compared is processor time. Batches are an even sample of
those of a large corpus, as in a small one few texts have the same length; what roles are compared with is computed once for each atlas,
whatever its corpus, and stands in a column of its own. Size on disk grows with heads and with the texts that kept rows are of, not with the
corpus; memory is measured after a quarter and after all.

Exits 1 where reading takes more than 2 times the forward passes, or an atlas more than 60 MB.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

import models
from benchmarks import report, shapes
from explorer.atlas import corpus, making, reading, reference
from explorer.atlas import plan as planning
from explorer.atlas.options import Options
from explorer.atlas.plan import Plan
from explorer.reading import tokens_of
from explorer.scores import measure
from models import Model
from models.opening import sites

FILE = Path(__file__).resolve().parents[2] / "shared" / "data" / "wikitext2" / "train.raw.gz"
RATIO, DISK_MB = 2.0, 60
CORPUS = 400_000
"""Tokens of the corpus whose batches are sampled."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=20_000, help="of the bundled models (default: %(default)s)")
    parser.add_argument("--base", type=int, default=8_000, help="of 12 x 12 heads; 1000000 takes hours on two cores (default: %(default)s)")
    parser.add_argument("--file", type=Path, default=FILE)
    given = parser.parse_args()
    texts, rows = _texts(given.file), []
    with tempfile.TemporaryDirectory() as folder:
        base = models.load(shapes.bert_base(Path(folder) / "base"), device="cpu")
        for name, model, tokens in (
            ("12 x 12, 768 wide", base, given.base),
            *((name, models.load(name, device="cpu"), given.tokens) for name in ("gpt2-mini", "bert-mini", "bert")),
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
    quarter = _memory_mb()
    alone = _cpu(lambda: forward(model, some))
    took = _cpu(lambda: reading.read(model, some, options))
    alone = (alone + _cpu(lambda: forward(model, some))) / 2
    once = _cpu(lambda: reference.of_model(model, plan))
    making.write(model, texts, folder, Options(tokens=tokens))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    n = sum(len(plan.sources[i]) for batch in some.batches for i in batch)
    ratio = [f"{took / alone:.2f}x", report.verdict(took / alone, RATIO)]
    memory = f"{quarter:,.0f} MB, {_memory_mb():,.0f} MB"
    times = [f"{seconds:.1f} s" for seconds in (took, alone, once)]
    return [name, *ratio, *times, f"{n:,}", f"{size:.1f} MB", report.verdict(size, DISK_MB), memory]


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


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
