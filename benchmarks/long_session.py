"""Memory of a long session: ten models are opened and left, each with ten texts, and then all of it again: `python -m benchmarks.long_session`.

Three bundled models and seven toy runs that come with the project, on the page *Attention*. The second round reads other texts than the
first one. What is kept is bounded (models by number, captures and results by bytes), so the second round must add little.

Exits 1 where it adds more than the goal. `--texts N` for another number of texts.
"""

from __future__ import annotations

import argparse
import gc
import sys

import psutil
from streamlit.testing.v1 import AppTest, element_tree

from benchmarks import report
from benchmarks.reruns import sentence, settled
from explorer.lab import shipped
from models.opening import catalogue
from scripts.serve import ROOT

GOAL = 1.1
"""Memory after the second round over that after the first."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_session", description="Memory after opening and leaving many models.")
    parser.add_argument("--texts", type=int, default=10, help="of each model and round (%(default)s)")
    given = parser.parse_args(arguments)
    bundled = [entry.name for entry in catalogue.CATALOGUE if entry.bundled]
    runs = sorted(folder for folder in shipped.RUNS.iterdir() if (folder / "config.json").is_file())
    models = [*bundled, *map(str, runs)][:10]
    _typed_options_are_left_alone()
    app = settled(AppTest.from_file(str(ROOT / "app.py"), default_timeout=600).run())
    start, rows, after = _resident(), [], []
    for round_number in (0, 1):
        for at, model in enumerate(models):
            app.query_params["model"] = model
            for text in range(given.texts):
                number = (round_number * len(models) + at) * given.texts + text
                app.query_params["text"] = sentence(number % 125) if model in bundled else _toy_text(number)
                settled(app.run())
        after.append(_resident())
        rows.append([f"round {round_number + 1}", f"{after[-1] / start:.2f}", f"{after[-1]:.0f}", f"{len(models)} x {given.texts}"])
    grown = after[1] / after[0]
    rows.append(["second over first", f"{grown:.2f}", "", f"goal {GOAL} {report.verdict(grown, GOAL)}"])
    title = f"Memory of the process in MB; {start:.0f} MB with the bundled BERT open"
    report.show(title, ["", "over the start", "MB", "models x texts"], rows)
    return int(grown > GOAL)


def _typed_options_are_left_alone() -> None:
    """Streamlit's harness cannot send a typed option of a select box, such as a folder: then the page keeps what it has."""
    index = element_tree.Selectbox.index.fget

    def known(box: element_tree.Selectbox) -> int | None:
        return index(box) if box.value is None or str(box.format_func(box.value)) in box.options else None

    element_tree.Selectbox.index = property(known)


def _toy_text(number: int) -> str:
    """Some text; a toy reads what it does not know as unknown, or refuses it in words."""
    return " ".join("abcdefgh"[(number >> i) % 8] for i in range(0, 16, 2))


def _resident() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6


if __name__ == "__main__":
    sys.exit(main())
