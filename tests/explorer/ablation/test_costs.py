"""What a curve will take, counted pass by pass."""

import numpy as np
import pytest

from explorer.ablation import costs, curves
from explorer.ablation.heads import every
from explorer.ablation.results import TaskResults
from explorer.tasks import choose, data

EXAMPLES = data.Examples("", tuple(data.Labelled(text, None) for text in ("the cat sat on the mat", "a dog sat", "it was warm")), ())


@pytest.fixture(scope="module")
def scorer(tiny):
    found = TaskResults(choose.make("next", tiny("gpt2"), EXAMPLES)).scorer
    found.baseline()
    found.seconds = np.linspace(3.0, 0.5, len(found.seconds))  # each call costs something else
    return found


@pytest.mark.parametrize("step", [curves.STEP, 0.3])
@pytest.mark.parametrize("order", ["exact", "random"])
def test_a_curve_costs_what_its_passes_cost(scorer, order, step):
    heads, call_of = every(scorer.task.model), scorer.runner.call_of

    def from_lowest(some: list) -> float:
        return float(scorer.seconds[min(call_of[site] for site, _head in some)]) if some else 0.0

    runs = [curves.order_of(scorer.task, "random", seed=seed) for seed in range(curves.SEEDS)]
    sizes = curves.counts(len(heads), step)
    passes = [sum(from_lowest(run[:size]) for size in sizes) for run in runs]
    if order == "random":
        expected = sum(passes)
    else:
        resampled = costs.RESAMPLED * costs.RESAMPLES * len(scorer.task) * len(sizes)
        expected = np.mean(passes) + sum(from_lowest([head]) for head in heads) + resampled
    assert costs.curve(scorer, order, step=step) == pytest.approx(expected)
