"""Heads of the bundled BERT that find relations, against figures of an independent run: `python -m benchmarks.syntax`.

Both read the first 500 sentences of 5 to 40 words of the development part of UD English EWT, which is not in this checkout
(../shared/data/ud_ewt). The tests compare the same measurement with loops over words, on small models and random trees.

Exits 1 where a figure is further away than rounding and ties make it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import models
from benchmarks import report
from explorer.syntax import relations, sentences
from models.opening import catalogue

FILE = Path(__file__).resolve().parents[2] / "shared" / "data" / "ud_ewt" / "en_ewt-ud-dev.conllu"
ELSEWHERE = {"det": (0.80, 0.59), "obj": (0.69, 0.34), "nsubj": (0.53, 0.32), "case": (0.68, 0.39)}
"""By relation: share of words whose head the best head of attention finds, and the best fixed offset."""
CLOSE = 0.015


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, default=FILE, help="a CoNLL-U file")
    given = parser.parse_args()
    if not given.file.is_file():
        print(f"{given.file} is not there.", file=sys.stderr)
        return 2
    chosen = [sentence for sentence in sentences.read(given.file) if 5 <= len(sentence) <= 40][:500]
    found, rows = relations.best_heads(models.load(catalogue.BUNDLED_BERT, device="cpu"), chosen), []
    for name, elsewhere in ELSEWHERE.items():
        best = found.best(name, same=True)
        apart = max(abs(mine - theirs) for mine, theirs in zip((best.accuracy, best.baseline), elsewhere, strict=True))
        shares = f"{best.accuracy:.1%}, {best.baseline:.1%}", ", ".join(f"{share:.0%}" for share in elsewhere)
        rows.append([name, f"{best.layer}.{best.head}", *shares, f"{100 * apart:.1f} points", report.verdict(apart, CLOSE)])
    header = ["relation", "best head", "found by it, by an offset", "elsewhere", "apart", ""]
    report.show(f"The bundled BERT on {len(chosen)} sentences of {given.file.name}", header, rows)
    return int(any("MISSED" in row for row in rows))


if __name__ == "__main__":
    sys.exit(main())
