"""Q9: how heads come to differ, and what keeps them alike."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from explorer.capture import capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, lines, maps
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result, Value
from explorer.lectures.words import Words
from explorer.scores import families, masks
from models import attention
from models.toy.layers import ToyAttention
from models.training import runs
from models.training.presets import PRESETS
from models.training.settings import Settings
from models.training.toy import Training

STARTS = ("usual", "identical", "blocks", "dropout", "easy")
"""Random; identical with W_O; identical but for W_O; identical with dropout; random, on a task for which one head is enough."""
HEADS, STEPS, BATCH = 8, 400, 32
FRAMES = (0, 1, 10, 30, 50, 100, 200, 300, 400)
"""Steps after which the maps are kept."""
POINTS = (0, 1, 2, 5, 10, 20, 30, 40, 50, 75, *range(100, STEPS + 1, 50))
"""Steps after which the distance of heads is measured."""
STAGES = (0.1, 0.5, 0.9)
"""Shares of the last distance that part four stages."""
_TEXTS = 4
_SEED = 9
_EARLY = 4
"""Number of a snapshot: later, little is left of either gradient."""


def compute(models: Models, start: str = "identical", step: int = STEPS, layer: int = 1) -> Result:
    """Reads the five trainings, and measures how the gradient of a head depends on the other one.

    Args:
        models: is not needed.
        start: how the heads begin, one of `STARTS`.
        step: whose maps are shown, one of `FRAMES`.
        layer: whose heads.
    """
    kept = shipped.read("q09_specialise").data
    points = {name: np.array(run["points"]) for name, run in kept.items()}
    usual, identical, blocks = (points[name] for name in STARTS[:3])
    at = [float(usual[np.argmax(usual[:, 1 + layer] >= share * usual[-1, 1 + layer]), 0]) for share in STAGES]
    measures = (
        Measure("identical", float(identical[:, 1:4].max()), 0.0, tolerance=1e-6),
        Measure("before", float(blocks[0, 3]), 0.0, tolerance=1e-9),
        Measure("first", float(blocks[1, 3]), 0.0, "above"),
        Measure("blocks", float(blocks[-1, 1 + layer]), 0.0, "above"),
        Measure("dropout", float(points["dropout"][-1, 1 + layer]), 0.0, "above"),
        Measure("easy", float(points["easy"][-1, 1 + layer]), float(usual[-1, 1 + layer]), "below"),
        Measure("coupling", coupling(), 0.0, "above", format=".1%"),
    )
    run, frame = kept[start], FRAMES.index(step)
    size = len(run["tokens"])
    shown = unpacked(run["maps"]).reshape(len(FRAMES), 2, HEADS, size, size)[frame, layer] / 100
    scored = {name: np.array(values[frame][layer]) for name, values in run["roles"].items()}
    data = {"maps": shown, "tokens": run["tokens"], "roles": scored, "points": points, "start": start, "step": step, "layer": layer, "stages": at}
    said = {f"stage{i}": f"{step_:.0f}" for i, step_ in enumerate(at, start=1)}
    said |= {"loss_usual": f"{usual[-1, 4]:.2f}", "loss_identical": f"{identical[-1, 4]:.2f}"}
    return Result(measures, data | {"loss": float(points[start][POINTS.index(step), 4])}, said)


def coupling() -> float:
    """How much the gradient of head 1 moves when head 0 is silenced, as a share of its length: two heads, early in a shipped run."""
    run = runs.load(runs.SHIPPED / "order")
    opened = run.model(run.snapshots[_EARLY])
    batch = max(run.task.held_out(64), key=len)
    module = next(found for found in opened.network.modules() if isinstance(found, ToyAttention))
    weight = module.qkv.weight.requires_grad_(True)
    found = []
    for gate in (torch.ones(2), torch.tensor([0.0, 1.0])):
        with attention.attending(opened.sites_of, changes={0: attention.Change(gate=gate)}, record=False):
            loss = opened.network(**batch.inputs, labels=batch.targets).loss
        found.append(torch.autograd.grad(loss, weight)[0].unflatten(0, (3, 2, -1))[:, 1])
    return float((found[1] - found[0]).norm() / found[0].norm())


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains five toys that differ in how their heads begin, in dropout, or in the task."""
    made = {}
    for i, start in enumerate(STARTS):
        made[start] = _trained(begun(start), lambda share, at=i: report((at + share) / len(STARTS)))
    return made


def begun(start: str) -> Training:
    """The training of one start, before its first step."""
    preset = PRESETS["majority" if start == "easy" else "induction"]
    task = preset.toy_task(**({"length": 11} if start == "easy" else {}))
    config = preset.config(task, layers=2, heads=HEADS, d_model=64, ffn=0.0, bias=False, dropout=0.1 if start == "dropout" else 0.0)
    training = Training(task, config, Settings(steps=STEPS, batch=BATCH, learning_rate=5e-3, seed=_SEED, snapshot_every=STEPS))
    if start in ("identical", "blocks", "dropout"):
        for module in training.network.modules():
            if isinstance(module, ToyAttention):
                blocks = module.output.weight.detach().clone()
                module.make_heads_identical()
                if start == "blocks":
                    with torch.no_grad():
                        module.output.weight.copy_(blocks)
    return training


def _trained(training: Training, report: Callable[[float], None]) -> dict[str, object]:
    """Distances and losses at `POINTS`; maps and roles at `FRAMES`."""
    task = training.task
    batch = max(task.held_out(_TEXTS), key=len)
    texts = [task.text(ids) for ids in batch.input_ids]
    # Of induction a segment of five symbols that comes again; of other tasks the first example.
    text = "f c a d b f c a d b f c" if task.name == "induction" else texts[0]
    points, frames, losses, roles = [], [], [], {name: [] for name in ("previous token", "induction")}
    while True:
        if training.done in POINTS:
            model = training.model()
            distance = families.of_texts(model, texts)
            loss = np.mean(losses) if losses else np.nan
            points.append([training.done, *_apart(distance), _weights_apart(training), float(loss)])
            losses = []
            if training.done in FRAMES:
                captured = capture(model, text)
                patterns = [captured.patterns(layer) for layer in range(2)]
                frames.append(np.rint(100 * np.stack(patterns)))
                read = [capture(model, one) for one in texts]
                for name in roles:
                    found = [
                        masks.scores([(one.patterns(layer), ids.tolist()) for one, ids in zip(read, batch.input_ids, strict=True)])
                        for layer in (0, 1)
                    ]
                    roles[name].append([[round(float(value), 3) for value in layer[name]] for layer in found])
        if training.finished:
            break
        losses.append(training.step().loss)
        report(training.done / STEPS)
    points[0][4] = points[1][4]
    return {
        "tokens": text.split(),
        "points": [[round(value, 7) if i == 3 else round(value, 5) for i, value in enumerate(point)] for point in points],
        "maps": packed(np.stack(frames)),
        "roles": roles,
    }


def packed(percent: np.ndarray) -> str:
    """Whole numbers below 256 as a text that takes little room in a file."""
    return base64.b85encode(zlib.compress(percent.astype(np.uint8).tobytes(), 9)).decode()


def unpacked(text: str) -> np.ndarray:
    """What `packed` was given, in one row, float64."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), np.uint8).astype(float)


def _apart(found: families.Families) -> list[float]:
    """Mean distance of two heads of one layer, for each layer."""
    pairs = np.triu_indices(HEADS, 1)
    blocks = (found.distance[i : i + HEADS, i : i + HEADS] for i in range(0, len(found.heads), HEADS))
    return [float(block[pairs].mean()) for block in blocks]


def _weights_apart(training: Training) -> float:
    """Largest difference of a head's W_Q, W_K, W_V from those of the first head of its layer."""
    heads = [m.qkv.weight.detach().unflatten(0, (3, HEADS, -1)) for m in training.network.modules() if isinstance(m, ToyAttention)]
    return max(float((one - one[:, :1]).abs().max()) for one in heads)


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    kinds = {name: words.label(f"start.{name}") for name in STARTS}
    curves = pd.DataFrame(
        [(point[0], point[1 + data["layer"]], kinds[name]) for name in STARTS for point in data["points"][name]], columns=["x", "y", "series"]
    )
    title = words.label("maps").format(layer=data["layer"], step=data["step"], loss=f"{data['loss']:.2f}")
    causal = data["start"] != "easy"
    seen = np.tril(np.ones(data["maps"].shape[1:], bool)) if causal else None
    return [
        maps(data["maps"], _names(data["roles"], words), title, visible=seen, size=SIZES[2], dark=dark),
        lines(
            curves,
            words.label("distance").format(layer=data["layer"]),
            words.label("step"),
            words.label("apart"),
            series=list(kinds.values()),
            rules=[data["step"]],
            points=False,
            size=SIZES[2],
            dark=dark,
        ),
    ]


def _names(roles: Mapping[str, np.ndarray], words: Words) -> list[str]:
    """Of each head its stronger role, where it has one: more than half of its weight lies there."""
    names = []
    for head in range(HEADS):
        best = max(roles, key=lambda role: roles[role][head])
        strong = roles[best][head] > 0.5
        names.append(f"{head} {words.label(best.split()[0])} {roles[best][head]:.2f}" if strong else str(head))
    return names


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    kinds = {name: words.label(f"start.{name}") for name in STARTS[:4]}
    losses = pd.DataFrame([(point[0], point[4], kinds[name]) for name in kinds for point in data["points"][name]], columns=["x", "y", "series"])
    usual = data["points"]["usual"]
    stages = pd.DataFrame({"x": usual[:, 0], "y": usual[:, 1 + data["layer"]]})
    return [
        lines(
            losses,
            words.label("losses"),
            words.label("step"),
            words.label("loss"),
            series=list(kinds.values()),
            points=False,
            size=SIZES[2],
            dark=dark,
        ),
        lines(
            stages,
            words.label("stages").format(**result.said),
            words.label("step"),
            words.label("apart"),
            rules=data["stages"],
            points=False,
            size=SIZES[2],
            dark=dark,
        ),
    ]


def _door(chosen: Mapping[str, Value]) -> Mapping[str, str]:
    """The lab has no heads that are identical but for their blocks of W_O; what is nearest to them is heads that start alike."""
    start = str(chosen["start"])
    preset = {"lab_preset": "majority" if start == "easy" else "induction", "lab_heads": str(HEADS), "lab_d_model": "64", "lab_layers": "2"}
    return preset | {"lab_identical_heads": str(start in ("identical", "dropout")).lower(), "lab_dropout": "0.1" if start == "dropout" else "0.0"}


DEMO = Demo(
    id="Q9",
    module="q09_specialise",
    chapter=2,
    compute=compute,
    pictures=pictures,
    more=more,
    right=lambda result: "A" if result["identical"] <= 1e-6 else "C",
    door=Door("training", translated=_door),
    controls=(
        Control("start", STARTS, "identical", main=True),
        Control("step", FRAMES, STEPS),
        Control("layer", (0, 1), 1),
    ),
    make=make,
    source="Elhage et al. 2021; Olsson et al. 2022",
)
