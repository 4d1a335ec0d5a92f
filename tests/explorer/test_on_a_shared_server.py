"""What one viewer may cost the others: memory and time are bounded, and a table that is taken away runs nothing."""

import csv
import io
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from explorer import export, follow
from explorer.ablation import importance
from explorer.ablation.intervals import interval
from explorer.capture import Tokens, capture
from explorer.syntax import sentences
from explorer.tasks import data
from explorer.tasks.language import Masked, Next
from explorer.ui.attention import one_token
from explorer.views import view


@pytest.mark.parametrize("columns", [(), (2,)])
def test_a_bootstrap_of_many_examples_takes_blocks_of_one_size(columns):
    values = np.random.default_rng(0).random((20_000, *columns))
    tracemalloc.start()
    interval(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # All draws of 2,000 resamples at once would be 320 MB for their numbers alone.
    assert peak < 160e6


@pytest.mark.parametrize("name", ["bert", "gpt2", "t5"])
def test_gradients_plan_for_all_layers_that_a_pass_back_keeps(tiny, name, monkeypatch):
    model = tiny(name)
    text = "the cat" if name == "gpt2" else "the cat sat on the mat"
    examples = data.Examples("", tuple(data.Labelled(text, None, text) for _i in range(40)))
    task = (Masked if model.kind == "encoder" else Next)(model, examples)
    asked = []
    batches = type(task).batches
    monkeypatch.setattr(type(task), "batches", lambda self, copies=1, members=None: asked.append(copies) or batches(self, copies, members))
    for free in (None, 10**9):
        monkeypatch.setattr(importance, "free_bytes", lambda device, free=free: free)
        importance.gradient(task)
    assert asked == [3, max(3, len(model.sites))]


FORMULAS = ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "\t=1", "\r\n=1"]


def cells(table: bytes) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(table.decode("utf-8-sig"), newline="")) for cell in row]


def test_no_table_that_is_taken_away_holds_a_formula(bert):
    tokens = Tokens(tuple(range(len(FORMULAS))), tuple(FORMULAS), (0,) * len(FORMULAS), (False,) * len(FORMULAS))
    captured = capture(bert, "a b c d")
    shown = view(captured.pattern(0, 0), captured.visible(0), tokens, tokens)
    tables = [
        export.csv(shown),
        export.table_csv(pd.DataFrame({"=name": FORMULAS}, index=FORMULAS), index_label="index"),
        one_token.csv(follow.follow(captured, 1)),
    ]
    for table in tables:
        assert not any(len(cell) > 1 and cell.lstrip("\t\r\n")[0] in "=+@" for cell in cells(table))
    assert {f"'{formula}" for formula in FORMULAS} <= set(cells(tables[1]))


def test_a_chain_of_words_as_long_as_may_be_is_read_in_a_moment(tmp_path):
    file = tmp_path / "chain.conllu"
    file.write_text("".join(f"{i}\tw\tw\tX\t_\t_\t{i - 1}\tdep\t_\t_\n" for i in range(1, 5001)) + "\n")
    (read,) = sentences.read(file)
    assert len(read) == 5000
