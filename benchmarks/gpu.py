"""Everything that is computed, on a graphics card, against the same on the processor: `python -m benchmarks.gpu`.

From a bare checkout on a machine with torch, transformers and CUDA, in less than eight minutes; Streamlit is not needed. It tries

- every tiny architecture of the tests: attention against plain eager transformers on the same card, in float32 and in bfloat16; and every
  function of `benchmarks.operations` in float32 against the processor;
- a card that is full: an allocation fails in the middle of each of these functions. It must end in an error in a viewer's words, and the
  same function must give the same numbers right after it;
- release: a model that is given back goes on on the processor, with the same numbers, and leaves no memory on the card;
- training: twenty steps of a toy, on the card and on the processor;
- times: GPT-2 small and BERT-base with random weights, beside what the arithmetic alone would take at the speed at which this card
  multiplies large matrices, measured in the same run.

The table is written into `benchmarks/results/`, named by card. Exits 1 where anything differs by more than rounding, or stays allocated.
"""

from __future__ import annotations

import argparse
import gc
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import transformers

import models
from benchmarks import cards, operations, report, shapes
from explorer.capture import capture
from explorer.scores import measure
from models import attention
from models.errors import OutOfMemoryError
from models.opening import sites
from models.toy import tasks as toy_tasks
from models.training.settings import Settings
from models.training.toy import Training, configure
from tests import tiny

RESULTS = Path(__file__).parent / "results"
CLOSE = 2e-4
"""Largest difference between processor and card in float32, see `operations.apart`: sums are made in another order."""
HALF = 2.0
"""Ours in half precision may be so many times as far from eager attention in float32 as eager attention in half precision is."""
LEFT_BYTES = 2 * 2**20
"""What may stay allocated."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--only", nargs="*", default=[], help="of exact, same, full, release, training, times; all where none is named")
    parser.add_argument("--models", nargs="*", default=tiny.DISPATCHED, help="tiny architectures")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    device = torch.device(given.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("There is no graphics card here.", file=sys.stderr)
        return 2
    if device.type == "cuda":
        # As torch has it by default; said here because every tolerance rests on it.
        torch.backends.cuda.matmul.allow_tf32 = False
    start, table = time.perf_counter(), cards.Table()
    parts = {"exact": exact, "same": same, "full": full, "release": release, "training": training, "times": times}
    with tempfile.TemporaryDirectory() as made:
        folders = {}
        for name in given.models:
            folder = Path(made) / name
            folder.mkdir()
            folders[name] = tiny.save(name, folder)
        for name, part in parts.items():
            if not given.only or name in given.only:
                begun = time.perf_counter()
                part(table, folders, device)
                print(f"-- {name}: {time.perf_counter() - begun:.0f} s", flush=True)
    took = time.perf_counter() - start
    title = f"On {cards.card(device)}, torch {torch.__version__}, transformers {transformers.__version__}, {took:.0f} s"
    report.show(title, cards.HEADER, table.rows)
    given.results.mkdir(exist_ok=True)
    cards.write(given.results / f"gpu-{re.sub(r'[^a-z0-9]+', '-', cards.card(device).lower()).strip('-')}.md", title, table)
    return int(table.failed)


def exact(table: cards.Table, folders: dict[str, Path], device: torch.device) -> None:
    """Attention of every tiny architecture against plain eager transformers on the same card."""
    for dtype in ("float32", "bfloat16"):
        worst, on, views = 0.0, "", []
        for name, folder in folders.items():
            model = models.load(folder, device=str(device), dtype=dtype)
            if model.view_only:
                views.append(name)
                continue
            ours, eager, truth = (_states(model, how) for how in ("ours", "eager", "float32"))
            apart = [float(np.abs(one - other).max()) / max(1.0, float(np.abs(other).max())) for one, other in ((ours, truth), (eager, truth))]
            # Rounding of eager attention itself is the unit in half precision; differences are the unit in float32.
            found = apart[0] if dtype == "float32" else apart[0] / max(apart[1], 1e-3)
            if found >= worst:
                worst, on = found, name
        table.add(
            "last states against eager attention",
            f"{len(folders)} architectures, {dtype}",
            f"{worst:.1e} ({on})" if dtype == "float32" else f"{worst:.2f} times eager's own rounding ({on})",
            f"at most {CLOSE:g}" if dtype == "float32" else f"at most {HALF:g}",
            worst <= (CLOSE if dtype == "float32" else HALF),
        )
        # Falcon computes its attention itself; of the others transformers before 5.20 leaves T5 to itself, too.
        itself = {"falcon"} | ({"t5"} if tuple(map(int, transformers.__version__.split(".")[:2])) < (5, 20) else set())
        table.add("opened view-only", f"{len(folders)} architectures, {dtype}", ", ".join(views) or "none", "none", not set(views) - itself)


def _states(model: models.Model, how: str) -> np.ndarray:
    """The first output of a text, through our attention, through eager attention, or through eager attention in float32."""
    given = {"input_ids": torch.tensor([model.tokenizer(operations.TEXT)["input_ids"]], device=model.device)}
    if model.kind == "encoder-decoder":
        given["decoder_input_ids"] = given["input_ids"]
    network, before = model.network, model.dtype
    implementation = network.config._attn_implementation
    try:
        if how != "ours":
            network.set_attn_implementation("eager")
        if how == "float32":
            network.float()
        with torch.inference_mode():
            return network(**sites.inputs_for(network, **given))[0].float().cpu().numpy()
    finally:
        network.set_attn_implementation(implementation)
        network.to(before)


def same(table: cards.Table, folders: dict[str, Path], device: torch.device) -> None:
    """Every function in float32, on the card and on the processor."""
    worst: dict[str, tuple[float, str]] = {}
    tried: dict[str, int] = {}
    for name, folder in folders.items():
        here, there = models.load(folder, device="cpu"), models.load(folder, device=str(device))
        for operation, function in operations.OPERATIONS.items():
            try:
                mine = function(here)
            except (models.InputError, models.ModelError):
                continue  # not for this architecture
            tried[operation] = tried.get(operation, 0) + 1
            try:
                apart = operations.apart(function(there), mine)
            except Exception as error:  # one failure is one row: all others are tried too
                table.add(operation, f"{name}, float32", f"{type(error).__name__}: {error}".split("\n")[0][:120], "the processor's", False)
                continue
            if apart >= worst.get(operation, (0.0, ""))[0]:
                worst[operation] = apart, name
    for operation, (apart, name) in worst.items():
        on = f"{tried[operation]} architectures, float32"
        table.add(f"{operation}, card against processor", on, f"{apart:.1e} ({name})", f"at most {CLOSE:g}", apart <= CLOSE)


def full(table: cards.Table, folders: dict[str, Path], device: torch.device) -> None:
    """An allocation that fails in the middle of each function, and the same function again."""
    for operation, function in operations.OPERATIONS.items():
        name = next((name for name in ("bert", "gpt2", "toy") if name in folders and _does(function, folders[name])), None)
        if name is None:
            continue
        model = models.load(folders[name], device=str(device))
        expected, counting = function(model), cards.Full(float("inf"), device)
        with counting:
            function(model)
        gc.collect()
        before = cards.allocated(device)
        try:
            with cards.Full(counting.made // 2, device):
                function(model)
            said, good = "went on", None
        except OutOfMemoryError as error:
            said, good = f"{error.problem} {error.advice}", True
        except Exception as error:
            said, good = f"{type(error).__name__}: {error}".split("\n")[0][:120], False
        again = operations.apart(function(model), expected)
        gc.collect()
        left = cards.allocated(device) - before
        good = False if again > CLOSE or left > LEFT_BYTES else good
        on = f"{name}, operation {counting.made // 2} of {counting.made}"
        table.add(f"{operation} on a full card", on, said, f"again: {again:.0e} apart, {left / 2**20:.1f} MiB left", good)


def _does(function: Callable, folder: Path) -> bool:
    try:
        function(models.load(folder, device="cpu"))
    except (models.InputError, models.ModelError):
        return False
    return True


def release(table: cards.Table, folders: dict[str, Path], device: torch.device) -> None:
    """A model that is given back while a viewer still holds it."""
    for name, folder in folders.items():
        if name not in ("bert", "gpt2", "bart"):
            continue
        gc.collect()
        before = cards.allocated(device)
        model = models.load(folder, device=str(device))
        results = operations.TaskResults(operations.task(model))
        some = frozenset({(0, 0)})
        seen, scored = operations.attention(model), results.score(some).loss
        generation = operations.generate.generate(model, operations.TEXT, tokens=6) if model.kind != "encoder" else iter(())
        first = next(generation, None)
        model.release()
        rest = list(generation)
        after = {"attention": operations.apart(operations.attention(model), seen)}
        after["score"] = operations.apart({"loss": results.score(frozenset({(0, 1)})).loss * 0 + results.score(some).loss}, {"loss": scored})
        after["generation"] = 0.0 if first is None or first.ends or rest else float("inf")
        gc.collect()
        left = cards.allocated(device) - before
        said = ", ".join(f"{what} {apart:.0e}" for what, apart in after.items())
        good = max(after.values()) <= CLOSE and left <= LEFT_BYTES
        table.add("released and used on", name, said, f"{left / 2**20:.1f} MiB left on the card", good)
        del model, results, generation


def training(table: cards.Table, _folders: dict[str, Path], device: torch.device) -> None:
    """A toy that learns, here and there, and one that is stopped and goes on."""
    task = toy_tasks.make("reversal")
    config, settings = configure(task), Settings(steps=20, batch=16)

    def trained(on: torch.device, again_at: int | None = None) -> list[float]:
        run = Training(task, config, settings, on)
        losses = []
        for step in range(settings.steps):
            if step == again_at:
                run = Training.resume(run.state(), on)
            losses.append(run.step().loss)
        return losses

    here, there, again = trained(torch.device("cpu")), trained(device), trained(device, again_at=10)
    apart = max(abs(one - other) for one, other in zip(here, there, strict=True))
    table.add("twenty steps of training, card against processor", "a toy, loss in nats", f"{apart:.1e} apart", "at most 0.001", apart <= 1e-3)
    apart = max(abs(one - other) for one, other in zip(there, again, strict=True))
    table.add("the same, stopped and gone on", "a toy, loss in nats", f"{apart:.1e} apart", "at most 0.001", apart <= 1e-3)


def times(table: cards.Table, _folders: dict[str, Path], device: torch.device) -> None:
    """Large shapes, beside what their arithmetic takes alone."""
    with tempfile.TemporaryDirectory() as made:
        folder = shapes.gpt2_small(Path(made) / "gpt2")
        text, n = shapes.gpt2_text(1024), 1024
        for dtype in ("float32", "bfloat16"):
            speed = cards.speed(device, getattr(torch, dtype))
            model = models.load(folder, device=str(device), dtype=dtype)
            config, on = model.network.config, f"GPT-2 small, {n} tokens, {dtype}"
            width, layers = config.n_embd, config.n_layer
            # A multiplication and an addition per weight and token; scores and the weighted values of all pairs; the unembedding.
            forward = 2 * n * (12 * width**2 * layers + width * config.vocab_size) + 4 * n**2 * width * layers
            ids = model.tokenizer(text, return_tensors="pt").to(device)
            limit = forward / speed
            with torch.inference_mode():
                plain = cards.median(device, lambda net=model.network, ids=ids: net(**ids))
                with attention.attending(model.sites_of):
                    recorded = cards.median(device, lambda net=model.network, ids=ids: net(**ids))
            whole = cards.median(device, lambda model=model: capture(model, text))
            table.add(
                "forward pass, our attention", on, f"{plain * 1e3:.1f} ms", f"arithmetic alone {limit * 1e3:.1f} ms: {plain / limit:.1f} times"
            )
            table.add("the same, recorded", on, f"{recorded * 1e3:.1f} ms", f"{recorded / plain:.2f} times the pass alone")
            sums = np.concatenate([capture(model, text).patterns(layer).sum(-1, dtype=np.float64).ravel() for layer in range(0, layers, 4)])
            off = float(np.abs(sums - 1).max())
            table.add("rows of weights, made on the processor from what the card kept", on, f"{off:.1e} off 1", "at most 1e-05", off <= 1e-5)
            table.add("capture of a text", on, f"{whole * 1e3:.1f} ms", f"{whole / plain:.2f} times the pass alone")
            short = [shapes.gpt2_text(128 + i) for i in range(16)]
            scored = cards.median(device, lambda model=model, short=short: measure.on_texts(model, short), rounds=3)
            table.add("all scores of all heads", f"GPT-2 small, 16 texts of 128 to 143 tokens, {dtype}", f"{scored * 1e3:.0f} ms", "")
            if dtype == "float32":
                results = operations.TaskResults(operations.task(model))
                begun = time.perf_counter()
                results.exact()
                cards.wait(device)
                heads = sum(site.heads for site in model.sites)
                table.add("every head removed alone", f"GPT-2 small, {heads} heads, 12 texts", f"{time.perf_counter() - begun:.2f} s", "")
            with cards.peak(device) as peak:
                operations.layers.lens(model, text)
            table.add("lens", on, f"{peak[0] / 2**20:.0f} MiB above the model", "at most 300 MiB", peak[0] <= 300 * 2**20)
            model.release()
            results = None
    gc.collect()
    if device.type == "cuda":
        torch._C._cuda_clearCublasWorkspaces()  # the matrix library's own, which it keeps for the next product
    left = cards.allocated(device)
    table.add("left on the card at the end", cards.card(device), f"{left / 2**20:.1f} MiB", "at most 2 MiB", left <= LEFT_BYTES)


if __name__ == "__main__":
    sys.exit(main())
