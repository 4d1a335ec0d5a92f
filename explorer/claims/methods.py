"""Methods that promise to be cheaper, parallel, or private."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from explorer.capture import capture
from explorer.claims.claim import Claim, Finding, Verdict, in_cases
from explorer.lectures import apart, linear, q13_order, q20_mask, q21b_flash, q22_linear, q23_serial, shipped, tiles
from explorer.lectures.demo import Measure, Models
from explorer.lectures.work import counted_in
from explorer.reading import read
from models.attention.normalisers import sparsemax
from models.seeded import seeded
from models.toy import ToyConfig, ToyModel

_N = 1024
_MOVED = 4096
"""Tokens whose bytes are counted."""
_STORED = (2, 16, 64, 256)
_SLIGHTLY = 0.9
"""A share of right lookups that is only slightly below all of them."""
_LETTER = "My password is swordfish."
_LAYER, _KEYS = 2, 128


def _c13(_models: Models) -> Finding:
    apart_, counted = q21b_flash.both_ways()
    peaks = q21b_flash.measured_peaks()
    grows = q21b_flash.exponents(peaks)
    # What each further token adds, among the shorter texts and between the longest two.
    tokens = (peaks["tiled"].diff() / peaks["n"].diff()).tolist()[1:]
    width, size = q21b_flash.WIDTH, q21b_flash.BYTES
    moved = tiles.standard_bytes(_MOVED, width, size) / tiles.tiled_bytes(_MOVED, width, size, tiles.fitting(width, size, q21b_flash.FAST))
    more = counted["tiled"] / counted["standard"]
    measures = (
        Measure("apart", apart_, 0, tolerance=1e-5, format=".1e"),
        Measure("arithmetic", more, 1, tolerance=0.01, format=".2f"),
        Measure("standard", grows["standard"], 1.8, "above", format=".2f"),
        Measure("tiled", grows["tiled"], 1.2, "below", format=".2f"),
        Measure("token", tokens[-1], tokens[0], tolerance=1, format=".0f"),
        Measure("fewer", moved, 1, "above", format=".1f"),
    )
    # Nothing of O(1): neither less arithmetic nor a memory that stays as it is.
    return Finding(Verdict.by(more < 0.5 or tokens[-1] < 1), measures, {"n": f"{_MOVED:,}"})


def _c28(_models: Models) -> Finding:
    rounds, apart_ = q23_serial.scanned(_N)
    loop = q23_serial.serial_steps("rnn", _N, 1)
    measures = (
        Measure("loop", loop, _N, format=",d"),
        Measure("rounds", rounds, math.ceil(math.log2(_N)), format="d"),
        Measure("apart", apart_, 0, tolerance=1e-12, format=".1e"),
    )
    scanned = apart_ < 1e-12 and rounds < _N
    # Of a recurrent network, and of a linear recurrence.
    return Finding(in_cases([loop == _N, not scanned]), measures, {"n": f"{_N:,}"})


def _c36(_models: Models) -> Finding:
    width = 64
    shares = linear.recalls(width)
    maps = [kind for kind in linear.KINDS if kind != "softmax"]
    best = {n: max(shares[kind][n] for kind in maps) for n in _STORED}
    learned = q22_linear.trained(shipped.read("q22_linear").data["trained"])
    few, many = q22_linear.TRAINED[0], q22_linear.TRAINED[-1]
    of = {kind: learned[kind, q22_linear.HEADS[0]] for kind in ("linear", "softmax")}
    measures = (
        Measure("softmax", min(shares["softmax"][n] for n in _STORED), 0.99, "at least", format=".2f"),
        Measure("best_2", best[2], 0.99, "at least", format=".2f"),
        *(Measure(f"best_{n}", best[n], best[fewer], "below", format=".2f") for fewer, n in itertools.pairwise(_STORED)),
        Measure("elu_16", shares["elu"][16], format=".2f"),
        Measure("trained_few", of["linear"][few], 0.99, "at least", format=".2f"),
        Measure("trained_many", of["linear"][many], of["softmax"][many] - 0.05, "below", format=".2f"),
        Measure("trained_softmax", of["softmax"][many], 0.99, "at least", format=".2f"),
    )
    said = {"d": str(width), "few": str(few), "many": str(many), "head": str(q22_linear.HEADS[0]), "features": str(linear.RANDOM_FEATURES)}
    return Finding(in_cases(best[n] >= _SLIGHTLY for n in _STORED), measures, said)


def _c38(models: Models) -> Finding:
    model = models("gpt2-mini")
    table = model.network.get_input_embeddings().weight.detach().double().cpu()
    ids = read(model, _LETTER).ids
    given = [apart.given_away(table[i]) for i in ids]
    known = [int(torch.cdist(found[None], table)[0].argmin()) for found in given]
    off = max(float((found - table[i]).abs().max()) for found, i in zip(given, ids, strict=True))
    measures = (
        Measure("off", off, 0, tolerance=1e-12, format=".0e"),
        Measure("read", sum(a == b for a, b in zip(ids, known, strict=True)), len(ids), format="d"),
        Measure("tokens", len(ids), format="d"),
    )
    return Finding(Verdict.by(known != list(ids) and off > 0.01), measures, {"text": _LETTER, "got": model.tokenizer.decode(known).strip()})


def _c47(_models: Models) -> Finding:
    layers = q13_order.layers_needed()
    log = math.ceil(math.log2(q13_order.SEEN))
    measures = (
        Measure("plain", layers["convolution"], 512, format="d"),
        Measure("dilated", layers["dilated"], log, "at most", format="d"),
        Measure("log", log, format="d"),
        Measure("attention", layers["attention"], 1, format="d"),
    )
    return Finding(in_cases(layers[kind] <= log for kind in ("convolution", "dilated")), measures, {"n": f"{q13_order.SEEN:,}"})


def _c49(models: Models) -> Finding:
    model = models("all-MiniLM-L6-v2")
    record = capture(model, q20_mask.TEXT).record(_LAYER)
    scores = torch.stack([record.scores(head) for head in range(record.heads)])
    products = {normaliser: toy_products(normaliser) for normaliser in ("softmax", "sparsemax")}
    sorted_, written = handled(lambda: sparsemax(scores), scores.numel())
    _none, once = handled(lambda: scores.softmax(-1), scores.numel())
    measures = (
        Measure("zeros", float((sparsemax(scores) == 0).double().mean()), 0, "above", format=".0%"),
        Measure("products", products["sparsemax"], products["softmax"], format=",d"),
        Measure("sorted", sorted_ / scores.numel(), 1, format=".0%"),
        Measure("tables", written, once, "above", format="d"),
        Measure("tables_softmax", once, 1, format="d"),
    )
    holds = products["sparsemax"] < products["softmax"] or written < once
    return Finding(Verdict.by(holds), measures, {"model": model.name, "layer": str(_LAYER), "n": str(_KEYS)})


def toy_products(normaliser: str) -> int:
    """Multiply-adds of a toy with such weights, counted by torch while it reads."""
    with seeded(0):
        network = ToyModel(ToyConfig(attention=normaliser, causal=False, max_length=_KEYS, attn_implementation="eager")).eval()
    with torch.inference_mode():
        return counted_in(lambda: network(torch.zeros(1, _KEYS, dtype=torch.long)))


def handled(does: Callable[[], object], full: int) -> tuple[int, int]:
    """What torch does in a call with tables of so many numbers: numbers that it sorts, and tables that it writes."""
    made: list[tuple[str, int]] = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, _types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            first = out if isinstance(out, Tensor) else next((one for one in out if isinstance(one, Tensor)), None)
            made.append((function.overloadpacket.__name__, 0 if first is None else first.numel()))
            return out

    with Watch():
        does()
    return sum(n for name, n in made if name == "sort"), sum(n == full for _name, n in made)


CLAIMS = (
    Claim("C13", _c13, "Q21b"),
    Claim("C28", _c28, "Q23"),
    Claim("C36", _c36, "Q22"),
    Claim("C38", _c38, "Q24c"),
    Claim("C47", _c47, "Q13"),
    Claim("C49", _c49, "Q6"),
)
