"""Q8: one head or eight, the same parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid
from explorer.i18n import N_
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from models.surgery.cutting import head_projections
from models.surgery.projections import matrices, parameters
from models.toy.config import ToyConfig
from models.toy.layers import ToyAttention

D_MODEL = 512


def compute(models: Models, heads: int = 8, model: str = "gpt2-mini") -> Result:
    """Counts the parameters of real modules.

    Args:
        models: opens models.
        heads: heads that the width is divided into.
        model: whose attention is counted as well.
    """
    counted = {h: module_parameters(h) for h in (1, 2, 4, 8, 16, 32)}
    biased = module_parameters(heads, bias=True)
    opened = models(model)
    width = opened.network.config.hidden_size
    attention = head_projections(opened.network)[0]
    real = parameters(attention)
    # Where heads share keys, or a projection has no bias, there are fewer.
    usual = all(w.shape[0] == width + 1 and w.shape[1] * w.shape[2] == width and w[-1].any() for w in matrices(attention)[:3])
    measures = (
        Measure("one", counted[1], 4 * D_MODEL**2, format=",d"),
        Measure("many", counted[heads], 4 * D_MODEL**2, format=",d"),
        Measure("biased", biased, 4 * D_MODEL**2 + 4 * D_MODEL, format=",d"),
        Measure("real", real, 4 * width**2 + 4 * width if usual else None, format=",d"),
    )
    said = {"heads": str(heads), "width": str(width), "d_k": str(D_MODEL // heads), "model": opened.name}
    return Result(measures, {"counted": counted, "heads": heads}, said)


def module_parameters(heads: int, bias: bool = False) -> int:
    """Parameters of the attention of a layer, counted from the module itself."""
    with torch.device("meta"):
        module = ToyAttention(ToyConfig(d_model=D_MODEL, heads=heads, bias=bias))
    return sum(weight.numel() for weight in module.parameters())


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    counted, heads = result.data["counted"], result.data["heads"]
    names = [str(h) for h in counted]
    owned = np.arange(1.0, heads + 1)[None]
    columns = [words.label("columns").format(low=i * D_MODEL // heads, high=(i + 1) * D_MODEL // heads - 1) for i in range(heads)]
    return [
        bars(
            names,
            list(counted.values()),
            words.label("counted"),
            words.label("parameters"),
            marked=[names.index(str(heads))],
            format=",d",
            size=SIZES[2],
            dark=dark,
        ),
        grid(owned, ["W_Q"], columns, words.label("reshape"), top=heads, numbers=owned - 1, format=".0f", size=SIZES[2], dark=dark),
    ]


DEMO = Demo(
    id="Q8",
    module="q08_parameters",
    chapter=2,
    compute=compute,
    pictures=pictures,
    right="D",
    door=Door("training", {"lab_preset": "recall", "lab_d_model": "64"}, {"heads": "lab_heads"}),
    controls=(
        Control("heads", (1, 2, 4, 8, 16, 32), 8, main=True),
        Control("model", ("gpt2-mini", "bert-mini"), "gpt2-mini", model=True),
    ),
    source=N_("Vaswani et al. 2017, section 3.2.2"),
)
