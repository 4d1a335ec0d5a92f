"""How much faster a model runs without half of its heads: `python -m benchmarks.slicing`.

Of every layer every other head is cut out of the weights (`models.surgery.slicing.sliced`); passes of the full and of the
sliced model take turns. Published beside it: Michel et al. 2019, section 4, BERT with half of its heads removed on a GTX 1080
Ti. The logits of the sliced model are compared with those of the full one whose heads are switched off by gates.

Exits 1 where they differ by more than 1e-5 of the largest |logit|, or where the sliced model is slower at batch 64.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torch

import models
from benchmarks import report, shapes
from explorer.ablation.heads import changes
from explorer.ablation.published import SLICING
from explorer.ablation.speed import side_by_side
from models import attention
from models.opening import catalogue
from models.surgery import slicing

TOLERANCE = 1e-5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=32, help="tokens per text (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each model and batch size (default: %(default)s)")
    given = parser.parse_args()
    rows, failed = [], False
    with tempfile.TemporaryDirectory() as made:
        opened = {
            "bundled BERT": models.load(catalogue.BUNDLED_BERT),
            "BERT-base shape": models.load(shapes.bert_base(Path(made) / "bert")),
            "GPT-2-small shape": models.load(shapes.gpt2_small(Path(made) / "gpt2")),
        }
        for name, full in opened.items():
            heads = {site.index: range(1, site.heads, 2) for site in full.sites}
            small = slicing.sliced(full, heads)
            apart = deviation(full, small, heads)
            failed |= apart > TOLERANCE
            for whole, less in side_by_side([full, small], length=given.length, seconds=given.seconds):
                ratio = whole.seconds / less.seconds
                failed |= whole.batch == 64 and ratio <= 1
                rows.append(
                    [
                        f"{name}, batch {whole.batch}",
                        f"{ratio:.2f}x",
                        f"{1 + SLICING[whole.batch]:.2f}x",
                        f"{1e3 * whole.seconds:.1f} ms",
                        f"{1e3 * less.seconds:.1f} ms",
                        f"{full.parameters / 1e6:.1f} M -> {small.parameters / 1e6:.1f} M",
                        f"{apart:.1e}",
                    ]
                )
    report.show(
        f"Half of the heads cut out, {given.length} tokens a text, passes in turn, medians on {full.device}",
        ["model", "faster", "published", "full", "sliced", "parameters", "logits apart from gated, relative"],
        rows,
    )
    return int(failed)


def deviation(full: models.Model, small: models.Model, heads: slicing.Heads) -> float:
    """Largest difference between the sliced model's logits and the gated full one's, in units of the largest |logit|."""
    ids = torch.randint(5, 1000, (2, 24), generator=torch.Generator().manual_seed(0)).to(full.device)
    gates = changes(full, [(site, head) for site, gone in heads.items() for head in gone])
    with torch.inference_mode():
        with attention.attending(full.sites_of, changes=gates, record=False):
            expected = full.network(input_ids=ids)[0]
        found = small.network(input_ids=ids)[0]
    return float((found - expected).abs().max() / expected.abs().max())


if __name__ == "__main__":
    sys.exit(main())
