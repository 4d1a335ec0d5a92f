"""Every head removed alone, against plain transformers and TransformerLens: `python -m benchmarks.ablation`.

A random BERT-base-shaped classifier and a random GPT-2-small-shaped decoder, 12 x 12 heads each. Ours is
`explorer.ablation.sweep.sweep`, all heads. The others are loops that run the whole network for each head, on batches of the
usual size, padded in the given order: plain is transformers gated with `models.attention.attending`; TransformerLens zeroes
heads in hooks on `hook_z`, in a virtual environment of its own (requirements-transformer-lens.txt), made at the first run and
kept in the cache of `benchmarks.real`. A loop takes the same time for every head, so a sample of heads, one per layer, is
timed and scaled up to all; `--full` times all. No mask is given where nothing is padded, so that loops are at their fastest.

Each party has a process of its own with the same number of threads, takes turns with the others, and times itself; opening
the model and one pass to warm up are left out. Ratios are medians over rounds, each of ours and theirs in the same round;
beside them the ratio of the fastest rounds of each, which a busy machine disturbs least.
Losses of every example must agree for every head that both ran. Exits 1 where they do not, or where a goal is missed.
Takes some 17 minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import transformers

import models
from benchmarks import report, shapes
from benchmarks.real import SST2, cache
from explorer.ablation import importance
from explorer.ablation.heads import every
from explorer.ablation.sweep import sweep
from explorer.tasks.base import Task
from explorer.tasks.classify import Classify
from explorer.tasks.data import Examples, Labelled
from explorer.tasks.language import Next
from models import Model, attention
from scripts.serve import ROOT

NEEDS = ROOT / "benchmarks" / "requirements-transformer-lens.txt"
LOOP = ROOT / "benchmarks" / "transformer_lens_loop.py"
LAYERS = HEADS = 12
BATCH = 32
"""Examples of a batch of the loops."""
TOLERANCE = 1e-4
GRADIENT_GOAL = 4.0
SHARPER = 20
"""Factor on the classifier's weights: as initialised, all its losses are log 2 within the tolerance."""
SST2_LENGTHS = [
    *(10, 34, 19, 23, 19, 25, 14, 15, 29, 24, 35, 13, 18, 39, 20, 19, 26, 31, 30, 17, 16, 12, 20, 37, 8, 28, 32, 32, 19, 18, 15, 18),
    *(26, 7, 50, 26, 31, 19, 41, 12, 39, 10, 53, 20, 11, 36, 26, 26, 11, 20, 8, 21, 14, 26, 21, 19, 15, 37, 27, 30, 23, 20, 42, 30),
]
"""Tokens of the first sentences of SST-2's dev part, for where the file is not there."""


@dataclass
class Case:
    """What is measured: `batches` of ids, mask (where something is padded) and labels are for the loops, `texts` for ours."""

    name: str
    kind: str
    folder: str
    texts: list[str]
    batches: list[dict]
    goal: float

    @property
    def labels(self) -> list[int]:
        return [i % 2 for i in range(len(self.texts))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="rounds, default 3")
    parser.add_argument("--full", action="store_true", help="all heads for the loops too, instead of a sample scaled up")
    parser.add_argument("--sentences", type=int, default=64, help="sentences of SST-2 lengths, default 64")
    parser.add_argument("--child", choices=["ours", "plain", "gradient"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        _answer(given.child)
        return 0
    every_head = [[layer, head] for layer in range(LAYERS) for head in range(HEADS)]
    sample = every_head if given.full else [[layer, layer] for layer in range(LAYERS)]
    lens, why = _transformer_lens()
    with tempfile.TemporaryDirectory() as made:
        cases = _cases(Path(made), given.sentences)
        parties = {who: _Party([sys.executable, "-m", "benchmarks.ablation", "--child", who]) for who in ("ours", "gradient", "plain")}
        if lens:
            parties["TransformerLens"] = _Party([lens, "-P", str(LOOP)])
        found: dict[tuple[str, str], list[dict]] = {}
        for _ in range(given.rounds):
            for case in cases:
                for who, party in parties.items():
                    if isinstance(answer := party.ask(case, every_head if who == "ours" else sample), str):
                        print(f"{who}, {case.name}: {answer}", file=sys.stderr)
                    found.setdefault((who, case.name), []).append(answer)
        for party in parties.values():
            party.close()
    rows, failed = [], False
    for case in cases:
        ours = found["ours", case.name]
        for who in ("plain", "TransformerLens"):
            theirs = found.get((who, case.name)) or [why]
            row, bad = _row(case, who, ours, theirs, sample, every_head)
            rows.append(row)
            failed |= bad
    for case in cases:
        gradients = found["gradient", case.name]
        ratio = statistics.median(g["gradient"] / g["score"] for g in gradients)
        failed |= ratio > GRADIENT_GOAL
        rows.append(
            [
                f"{case.name}: gradient importances of all heads / one scoring pass (theirs)",
                f"{ratio:.2f}",
                _range([g["gradient"] / g["score"] for g in gradients]),
                f"{min(g['gradient'] for g in gradients) / min(g['score'] for g in gradients):.2f}",
                f"{statistics.median(g['gradient'] for g in gradients):.2f} s",
                f"{statistics.median(g['score'] for g in gradients):.2f} s",
                "",
                f"<= {GRADIENT_GOAL:g}: {report.verdict(ratio, GRADIENT_GOAL)}",
            ]
        )
    effects = [max(np.ptp(np.array(found["ours", case.name][0]["losses"]), axis=0)) for case in cases]
    timed = "all heads timed" if given.full else f"loops timed on {len(sample)} heads, one per layer, and scaled up to {len(every_head)}"
    report.show(
        f"All {len(every_head)} single heads removed, random weights, medians of {given.rounds} rounds; {timed}",
        ["figure", "ratio", "range", "of fastest", "ours", "theirs", "losses apart", "goal"],
        rows,
    )
    spread = ", ".join(f"{effect:.1e}" for effect in effects)
    print(f"Losses must agree within {TOLERANCE:g} on every example; removing one head or another changes them by up to {spread}.")
    print("TransformerLens has no bridge for the classifier; it runs BertForNextSentencePrediction, the same network, with its weights.")
    return int(failed)


def _row(case: Case, who: str, ours: list[dict], theirs: list, sample: list, every_head: list) -> tuple[list[str], bool]:
    figure = f"{case.name}: {who} loop / ours"
    if wrong := next((answer for answer in theirs if isinstance(answer, str)), ""):
        return [figure, "-", "", "", f"{statistics.median(o['seconds'] for o in ours):.1f} s", f"not run: {wrong}", "", f">= {case.goal}"], False
    scale = len(every_head) / len(sample)
    ratios = [scale * t["seconds"] / o["seconds"] for o, t in zip(ours, theirs, strict=True)]
    at = [every_head.index(head) for head in sample]
    apart = max(float(np.abs(np.array(o["losses"])[at] - np.array(t["losses"])).max()) for o, t in zip(ours, theirs, strict=True))
    agree, ratio = apart <= TOLERANCE, statistics.median(ratios)
    return [
        figure,
        f"{ratio:.2f}",
        _range(ratios),
        f"{scale * min(t['seconds'] for t in theirs) / min(o['seconds'] for o in ours):.2f}",
        f"{statistics.median(o['seconds'] for o in ours):.1f} s",
        f"{statistics.median(scale * t['seconds'] for t in theirs):.1f} s",
        f"{apart:.0e}" + ("" if agree else " DIFFER"),
        f">= {case.goal}: {report.verdict(-ratio, -case.goal)}",
    ], not agree or ratio < case.goal


def _range(values: list[float]) -> str:
    return f"{min(values):.2f} .. {max(values):.2f}"


class _Party:
    """A process that answers requests, a line of JSON each; it is idle while others have their turn."""

    def __init__(self, command: list[str]) -> None:
        quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "WANDB_MODE": "disabled"}
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - the process writes into it until it ends
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=os.environ | quiet
        )

    def ask(self, case: Case, heads: list[list[int]]) -> dict | str:
        """The answer; a text that says why where there is none."""
        try:
            self.process.stdin.write(json.dumps({"case": asdict(case), "heads": heads}) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            self.errors.seek(0)
            return (self.errors.read().strip().splitlines() or ["it ended"])[-1]

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def _answer(who: str) -> None:
    """In a process of its own: answers until there are no more requests."""
    opened: dict[str, Model] = {}
    for line in sys.stdin:
        request = json.loads(line)
        case, heads = Case(**request["case"]), request["heads"]
        if case.folder not in opened:
            opened = {case.folder: models.load(case.folder, device="cpu")}
        model = opened[case.folder]
        answer = {"ours": _ours, "plain": _plain_loop, "gradient": _gradient}[who](model, case, heads)
        print(json.dumps(answer), flush=True)


def _task(model: Model, case: Case) -> Task:
    both = tuple(Labelled(text, label) for text, label in zip(case.texts, case.labels, strict=True))
    return {"classify": Classify, "next": Next}[case.kind](model, Examples(case.name, both, ("negative", "positive")))


def _ours(model: Model, case: Case, heads: list[list[int]]) -> dict:
    task = _task(model, case)
    assert [list(head) for head in every(model)] == heads
    task.score()
    start = time.perf_counter()
    found = sweep(task)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "losses": [found.without[site, head].loss.tolist() for site, head in heads]}


def _gradient(model: Model, case: Case, heads: list[list[int]]) -> dict:
    task = _task(model, case)
    seconds: dict[str, list[float]] = {"score": [], "gradient": []}
    task.score()
    for _ in range(3):
        for what, work in {"score": task.score, "gradient": lambda: importance.gradient(task)}.items():
            start = time.perf_counter()
            work()
            seconds[what].append(time.perf_counter() - start)
    return {what: statistics.median(values) for what, values in seconds.items()}


def _plain_loop(model: Model, case: Case, heads: list[list[int]]) -> dict:
    @torch.inference_mode()
    def losses(removed: list[int] | None) -> list[float]:
        changes, found = {}, []
        if removed is not None:
            gate = torch.ones(HEADS)
            gate[removed[1]] = 0
            changes[removed[0]] = attention.Change(gate=gate)
        for batch in case.batches:
            ids = torch.tensor(batch["ids"])
            mask = {"attention_mask": torch.tensor(batch["mask"])} if batch["mask"] else {}
            with attention.attending(model.sites_of, changes=changes, record=False):
                if case.kind == "next":
                    logits = model.network(input_ids=ids, use_cache=False, **mask).logits[:, :-1]
                    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
                    loss = loss.view(len(ids), -1).mean(-1)
                else:
                    logits = model.network(input_ids=ids, **mask).logits
                    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(batch["labels"]), reduction="none")
            found += loss.tolist()
        return found

    losses(None)
    start = time.perf_counter()
    found = [losses(head) for head in heads]
    return {"seconds": time.perf_counter() - start, "losses": found}


def _cases(folder: Path, sentences: int) -> list[Case]:
    gpt2, bert = shapes.gpt2_small(folder / "gpt2"), _classifier(folder / "bert")
    lengths, origin = _sst2_lengths(bert, sentences)
    words = _words(bert)
    draw = random.Random(0)

    def bert_texts(wanted: list[int]) -> list[str]:
        return [" ".join(draw.choices(words, k=n - 2)) for n in wanted]

    def gpt2_texts(wanted: list[int]) -> list[str]:
        return [" ".join(f"w{draw.randrange(1, 50_000)}" for _ in range(n)) for n in wanted]

    return [
        _case("BERT, classification, 8 texts x 64 tokens", "classify", bert, bert_texts([64] * 8), 1.8),
        _case(f"BERT, classification, {len(lengths)} texts of SST-2 lengths{origin}", "classify", bert, bert_texts(lengths), 3.5),
        _case("GPT-2, next word, 8 texts x 64 tokens", "next", gpt2, gpt2_texts([64] * 8), 1.4),
    ]


def _case(name: str, kind: str, folder: Path, texts: list[str], goal: float) -> Case:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    batches = []
    for start in range(0, len(texts), BATCH):
        ids = tokenizer(texts[start : start + BATCH])["input_ids"]
        longest = max(map(len, ids))
        mask = [[1] * len(row) + [0] * (longest - len(row)) for row in ids] if min(map(len, ids)) < longest else []
        labels = [i % 2 for i in range(start, start + len(ids))]
        batches.append({"ids": [row + [0] * (longest - len(row)) for row in ids], "mask": mask, "labels": labels})
    return Case(name, kind, str(folder), texts, batches, goal)


def _classifier(folder: Path) -> Path:
    """`shapes.bert_base` with a head for two classes instead of the vocabulary."""
    shapes.bert_base(folder)
    transformers.logging.set_verbosity_error()  # that the vocabulary's weights have no place here, and the head's are new, is known
    torch.manual_seed(1)
    labels = {0: "negative", 1: "positive"}
    network = transformers.BertForSequenceClassification.from_pretrained(folder, id2label=labels, label2id={b: a for a, b in labels.items()})
    with torch.no_grad():
        network.classifier.weight.mul_(SHARPER)
    network.save_pretrained(folder)
    return folder


def _words(folder: Path) -> list[str]:
    """Words that are one piece each."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return sorted(word for word in tokenizer.get_vocab() if word.isascii() and word.isalpha() and 3 <= len(word) <= 7)


def _sst2_lengths(folder: Path, n: int) -> tuple[list[int], str]:
    """Tokens of the first dev sentences, and where that was not read from the file, a word about it."""
    if not SST2.is_file():
        return (SST2_LENGTHS * (n // len(SST2_LENGTHS) + 1))[:n], " (built-in list)"
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    lines = SST2.read_text(encoding="utf-8").splitlines()[:n]
    return [len(ids) for ids in tokenizer([line.split("\t", 1)[1].strip() for line in lines])["input_ids"]], ""


def _transformer_lens() -> tuple[str, str]:
    """Python of TransformerLens' environment, made where it is not there yet; else empty, and why it cannot be made."""
    folder = cache() / "transformer-lens"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done, wanted = folder / "installed.txt", NEEDS.read_text() + sys.version
    if python.is_file() and done.is_file() and done.read_text() == wanted:
        return str(python), ""
    print(f"Installing TransformerLens into {folder}, once; it takes some 2 GB.", file=sys.stderr, flush=True)
    try:
        venv.create(folder, clear=True, with_pip=True)
        first = next(line for line in NEEDS.read_text().splitlines() if line.startswith("torch=="))
        # torch first and alone, as in the Makefile: what comes later finds it and fetches no other build.
        for what in ([first], ["-r", str(NEEDS)]):
            command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
            subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        message = (getattr(error, "stdout", None) or str(error)).strip().splitlines()
        return "", f"it cannot be installed: {message[-1]}"
    done.write_text(wanted)
    return str(python), ""


if __name__ == "__main__":
    sys.exit(main())
