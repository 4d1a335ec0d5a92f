"""Q12: one head, and what the output projection is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from explorer import reading
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid, lines
from explorer.i18n import N_
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result, Value
from explorer.lectures.words import Words
from models import InputError, Model, attention
from models.seeded import seeded
from models.surgery.cutting import head_projections
from models.surgery.private import private
from models.surgery.projections import matrices
from models.toy import ToyConfig, ToyModel
from models.toy.layers import ToyAttention
from models.training.presets import PRESETS
from models.training.settings import Settings
from models.training.toy import Training
from models.words import told

D_MODEL = 512
HEADS = (1, 2, 4, 8)
TEXT = "The keeper of the lighthouse lit the lamp before the storm came."
_SEED = 12


def compute(models: Models, heads: int = 1, output: str = "with", model: str = "gpt2-mini") -> Result:
    """Folds matrices together and compares what comes out.

    Args:
        models: opens models.
        heads: heads of the toys.
        output: whose heads are drawn: of the toy trained "with" the output projection or "without".
        model: a real model, whose first layer is folded.
    """
    counted = parameters(heads)
    opened = models(model)
    real = folded(opened)
    kept = shipped.read("q12_output").data[str(heads)]
    write, width, d_k = np.array(kept[output]["writes"]), real.width, real.d_k
    measures = (
        Measure("trained", counted["trained"], 4 * D_MODEL**2, format=",d"),
        Measure("bare", bare_parameters(), 3 * D_MODEL**2, format=",d"),
        Measure("toy", toy_deviation(), 0, tolerance=1e-5, format=".1e"),
        Measure("ov", real.ov_deviation, 0, tolerance=1e-5, format=".1e"),
        Measure("qk", real.qk_deviation, 0, tolerance=1e-5, format=".1e"),
        Measure("rank", real.rank, d_k, "at most", format="d"),
        Measure("accuracy_with", kept["with"]["accuracy"], format=".3f"),
        Measure("accuracy_without", kept["without"]["accuracy"], 0.9, "above", format=".3f"),
    )
    all_kept = shipped.read("q12_output").data
    accuracy = {which: [all_kept[str(h)][which]["accuracy"] for h in HEADS] for which in ("with", "without")}
    added = {which: [all_kept[str(h)][which]["added"] for h in HEADS] for which in ("with", "without")}
    data = {
        "counted": counted,
        "writes": write,
        "accuracy": accuracy,
        "added": added,
        "heads": heads,
        "spectrum": real.spectrum,
        "output": output,
    }
    return Result(measures, data, {"heads": str(heads), "model": opened.name, "width": str(width), "d_k": str(d_k)})


def parameters(heads: int) -> dict[str, int]:
    """Parameters of one attention layer of d_model 512 as it is trained, with W_V W_O folded, and with W_Q W_K^T folded as well.

    A head's folded matrix is a full one, so each head has its own: counted from what the folding gives.
    """
    with torch.device("meta"):
        module = ToyAttention(ToyConfig(d_model=D_MODEL, heads=heads, bias=False))
        q, k, v = module.qkv.weight.unflatten(0, (3, heads, -1))  # (heads, d_k, d_model) each
        out = module.output.weight.unflatten(1, (heads, -1))  # (d_model, heads, d_k)
        ov, qk = torch.einsum("hkd,ehk->hde", v, out), torch.einsum("hkd,hke->hde", q, k)
    whole = sum(weight.numel() for weight in module.parameters())
    return {"trained": whole, "ov": q.numel() + k.numel() + ov.numel(), "both": qk.numel() + ov.numel()}


def bare_parameters() -> int:
    """Parameters of attention of one head without an output projection, counted from the module."""
    with torch.device("meta"):
        module = ToyAttention(ToyConfig(d_model=D_MODEL, heads=1, bias=False, output_projection=False))
    return sum(weight.numel() for weight in module.parameters())


def toy_deviation() -> float:
    """Largest difference between the logits of a toy of one head and of the same toy without W_O, whose values are W_V W_O."""
    switches = {"layers": 2, "heads": 1, "d_model": 64, "init_std": 0.15}
    with seeded(_SEED):
        whole, bare = (ToyModel(ToyConfig(output_projection=kept, **switches)).eval() for kept in (True, False))
    weights = {name: weight.clone() for name, weight in whole.state_dict().items() if ".attention.output." not in name}
    for layer, block in enumerate(whole.transformer.stack.layers):
        qkv, out = block.attention.qkv, block.attention.output
        name = f"transformer.stack.layers.{layer}.attention.qkv"
        d = out.out_features
        weights[f"{name}.weight"][2 * d :] = out.weight @ qkv.weight[2 * d :]
        # The weights of a row sum to 1, so a bias of the values comes through as it is.
        weights[f"{name}.bias"][2 * d :] = out.weight @ qkv.bias[2 * d :] + out.bias
    bare.load_state_dict(weights)
    ids = torch.randint(32, (4, 24), generator=torch.Generator().manual_seed(_SEED))
    with torch.no_grad():
        return float((whole(input_ids=ids).logits - bare(input_ids=ids).logits).abs().max())


@dataclass(frozen=True, eq=False)
class Folded:
    """What folding the first attention layer of a real network gave.

    Attributes:
        ov_deviation: largest difference between the layer's own output and the one of its folded W_V W_O, as a share of the largest output.
        qk_deviation: the same of the scores and the folded W_Q W_K^T, biases included.
        rank: of W_V W_O of the first head, by its singular values.
        spectrum: singular values of W_V W_O, of each head, (heads, width).
        width, d_k: of the residual stream and of a head.
    """

    ov_deviation: float
    qk_deviation: float
    rank: int
    spectrum: np.ndarray
    width: int
    d_k: int


def folded(model: Model) -> Folded:
    """Folds the matrices of the first layer and runs it by the folded ones alone. Raises InputError for a layer that cannot be taken apart."""
    network = private(model.network)
    found = head_projections(network)
    if not found or model.kind == "encoder-decoder":
        raise InputError(told("The projections of {name} are not known here.", name=model.name), told("Choose another model."))
    first = found[0]
    seen: dict[str, Tensor] = {}
    source = first.module.get_submodule(first.family.inputs[0])
    source.register_forward_pre_hook(lambda _module, given: seen.setdefault("x", given[0]) is None or None)
    first.output.register_forward_hook(lambda _module, _given, out: seen.setdefault("y", out) is None or None)
    text = reading.read(model, TEXT)
    with model.lock, torch.inference_mode():
        sites = {id(copy): model.sites_of.get(id(own), ()) for own, copy in zip(model.network.modules(), network.modules(), strict=True)}
        with attention.attending(sites) as run:
            network.base_model(**text.inputs(model.device))
    record = min(run.records, key=lambda one: one.site)
    x, y = seen["x"][0].double(), seen["y"][0].double()
    w_q, w_k, w_v, w_o = matrices(first)
    if w_k.shape[1] != w_q.shape[1]:
        raise InputError(told("Heads of this model share keys and values."), told("Choose another model."))
    # A bias is one more row of a matrix, for an input that is always 1.
    x = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)
    qk = torch.einsum("dhk,ehk->hde", w_q, w_k)
    scores = record.scale[0].double() * torch.einsum("id,hde,je->hij", x, qk, x)
    own = torch.stack([record.scores(head) for head in range(record.heads)]).double()
    visible = record.visible()
    ov = torch.einsum("dhk,hke->hde", w_v, w_o[0])
    weights = record.patterns().double()
    out = torch.einsum("hij,jd,hde->ie", weights, x, ov) + w_o[1]
    spectrum = torch.linalg.svdvals(ov[:, :-1])
    top = spectrum[0]
    return Folded(
        float((out - y).abs().max() / y.abs().max()),
        float((scores - own)[:, visible].abs().max() / own[:, visible].abs().max()),
        int((top > top[0] * max(ov.shape[1:]) * torch.finfo(torch.float64).eps).sum()),
        spectrum.numpy(),
        x.shape[1] - 1,
        first.size,
    )


def writes(module: ToyAttention) -> np.ndarray:
    """Where each head writes: its share of squared weights in each of as many slices of the stream as there are heads, (heads, slices)."""
    h, d = module.heads, module.config.d_model
    out = torch.eye(d) if module.output is None else module.output.weight.detach()
    power = out.unflatten(1, (h, -1)).unflatten(0, (h, -1)).square().sum((1, 3)).T  # (heads, slices)
    return (power / power.sum(1, keepdim=True)).numpy()


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains toys of several heads with and without an output projection."""
    made: dict[str, dict] = {}
    preset, settings = PRESETS["recall"], Settings(steps=400, learning_rate=5e-3, seed=_SEED, snapshot_every=10**6)
    task = preset.toy_task()
    runs = [(heads, which) for heads in HEADS for which in ("with", "without")]
    for i, (heads, which) in enumerate(runs):
        training = Training(task, preset.config(task, heads=heads, output_projection=which == "with"), settings)
        while not training.finished:
            training.step()
            report((i + training.done / settings.steps) / len(runs))
        block = training.network.transformer.stack.layers[0]
        batch = task.held_out(250)[0]
        with torch.no_grad():
            stream = training.network.transformer.embedding(batch.input_ids)
            added = block(stream, training.network.transformer.stack._sight(stream, None)) - stream
        made.setdefault(str(heads), {})[which] = {
            "accuracy": round(training.now().evaluation.accuracy, 4),
            "writes": np.round(writes(block.attention).astype(float), 5).tolist(),
            "added": round(float((added.norm(dim=-1) / stream.norm(dim=-1)).mean()), 4),
        }
    return made


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    counted, heads, size = result.data["counted"], result.data["heads"], SIZES[3]
    names = [words.label(f"counted.{name}") for name in counted]
    share = result.data["writes"]
    head_names = [words.label("head_n").format(n=n) for n in range(heads)]
    slices = [words.label("slice_n").format(n=n) for n in range(heads)]
    return [
        bars(names, [n / 1e6 for n in counted.values()], words.label("counted"), words.label("millions"), format=".2f", size=size, dark=dark),
        grid(
            share,
            head_names,
            slices,
            words.label("writes").format(which=words.label(f"output.{result.data['output']}")),
            top=1.0,
            written=heads <= 4,
            size=size,
            dark=dark,
        ),
        lines(
            _over_heads(result.data["accuracy"], words),
            words.label("learned"),
            words.label("heads"),
            words.label("accuracy"),
            series=[words.label("output.with"), words.label("output.without")],
            log_x=True,
            base=2,
            ticks=HEADS,
            rules=[heads],
            ends=(0, 1),
            size=size,
            dark=dark,
        ),
    ]


def _over_heads(values: Mapping[str, Sequence[float]], words: Words) -> pd.DataFrame:
    rows = [(h, y, words.label(f"output.{which}")) for which, ys in values.items() for h, y in zip(HEADS, ys, strict=True)]
    return pd.DataFrame(rows, columns=["x", "y", "series"])


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    spectrum = result.data["spectrum"]
    mean, first = spectrum.mean(0), spectrum[0]
    shown = pd.DataFrame(
        [(i + 1, y, words.label(name)) for name, ys in (("mean", mean), ("first", first)) for i, y in enumerate(ys)], columns=["x", "y", "series"]
    )
    d_k = int(result["rank"])
    return [
        lines(
            shown,
            words.label("spectrum").format(model=result.said["model"]),
            words.label("number"),
            words.label("singular"),
            series=[words.label("mean"), words.label("first")],
            rules=[d_k],
            points=False,
            size=SIZES[2],
            dark=dark,
        ),
        lines(
            _over_heads(result.data["added"], words),
            words.label("added"),
            words.label("heads"),
            words.label("ratio"),
            series=[words.label("output.with"), words.label("output.without")],
            log_x=True,
            base=2,
            ticks=HEADS,
            rules=[result.data["heads"]],
            size=SIZES[2],
            dark=dark,
        ),
    ]


def _door(chosen: Mapping[str, Value]) -> Mapping[str, str]:
    return {"lab_output_projection": str(chosen["output"] == "with").lower()}


DEMO = Demo(
    id="Q12",
    module="q12_output",
    chapter=2,
    compute=compute,
    pictures=pictures,
    right="B",
    first="AD",
    door=Door("training", {"lab_preset": "recall"}, {"heads": "lab_heads"}, _door),
    controls=(
        Control("heads", HEADS, 1, main=True),
        Control("output", ("with", "without"), "with"),
        Control("model", ("gpt2-mini", "bert-mini", "all-MiniLM-L6-v2", "zh-mini"), "gpt2-mini", model=True),
    ),
    make=make,
    more=more,
    source=N_("Vaswani et al. 2017, section 3.2.2; Elhage et al. 2021 (OV and QK circuits)"),
)
