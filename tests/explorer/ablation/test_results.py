"""Scores that start in the middle, work that is stopped and goes on, first curves, what a curve will take, what is remembered."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from explorer.ablation import costs, curves, greedy, greedy_passes, importance
from explorer.ablation.heads import changes, every
from explorer.ablation.intervals import interval
from explorer.ablation.replacements import METHODS, replacements
from explorer.ablation.results import TaskResults
from explorer.ablation.scorer import Scorer
from explorer.ablation.sweep import sweep
from explorer.softmax.scale import ScaleCurve
from explorer.tasks.data import Examples, Labelled
from explorer.tasks.language import Masked, Next
from tests import matrix

WORDS = ["the", "a", "cat", "dog", "sat", "on", "mat", "because", "it", "was", "warm", "where", "did", "they", "play", "in", "garden"]


class Stopped(Exception):
    """What a viewer's Stop raises from inside `progress`."""


def task_of(model, n=12):
    draw = np.random.default_rng(3)
    texts = [" ".join(draw.choice(WORDS, 3 + i % 4)) for i in range(n)]
    given = Examples("tiny", tuple(Labelled(text, None) for text in texts), ())
    return Masked(model, given) if model.kind == "encoder" else Next(model, given)


def stopping_after(calls):
    """A progress that is told so many times and then ends the work."""
    told = iter(range(calls))

    def progress(*_):
        if next(told, None) is None:
            raise Stopped

    return progress


def gone_on(work, calls):
    """The result of work that is stopped every so many calls of its progress, and how often it was."""
    for stops in range(500):
        try:
            return work(stopping_after(calls)), stops
        except Stopped:
            continue
    raise AssertionError("it starts anew each time")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["bert", "albert", "llama", "toy_linear", "t5", "bart"])
def test_a_score_that_starts_in_the_middle_equals_a_whole_pass(tiny, name, method):
    task = task_of(tiny(name), 7)
    scorer, replacement_of = Scorer(task), replacements(task, method)
    for heads in ([every(task.model)[-1]], every(task.model)[-3:], [(1, 0), (1, 3)], every(task.model)[::2], every(task.model)):
        whole = task.score(lambda batch, heads=heads: changes(task.model, heads, replacement_of(batch)))
        found = scorer.score(frozenset(heads), method)
        np.testing.assert_allclose(found.loss, whole.loss, atol=1e-6)
        np.testing.assert_array_equal(found.correct, whole.correct)
        np.testing.assert_array_equal(found.count, whole.count)


def test_layers_below_the_removed_heads_are_not_computed(tiny):
    task, computed = task_of(tiny("gpt2")), []
    scorer = Scorer(task)
    scorer.baseline()
    scorer.score(frozenset([(1, 1)]))  # once, it is tried on a few tokens what the last layer may leave out
    for layer in (0, 1):
        for module in scorer.runner.network.transformer.h[layer].wrapped.modules():
            if type(module).__name__ == "GPT2MLP":
                module.register_forward_hook(lambda *_, layer=layer: computed.append(layer))
    scorer.score(frozenset([(1, 2)]))
    assert set(computed) == {1}
    scorer.score(frozenset([(1, 2), (0, 1)]))
    assert set(computed) == {0, 1}


def test_what_has_no_room_is_run_from_the_bottom(tiny):
    task = task_of(tiny("bert"))
    heads = frozenset([(1, 1)])
    small = Scorer(task, kept_bytes=4000)
    np.testing.assert_allclose(small.score(heads).loss, Scorer(task).score(heads).loss, atol=1e-6)
    assert 0 < sum(kept is not None for kept in small._kept) < len(small._kept)


@pytest.mark.parametrize("method", ["zero", "mean", "resample"])
def test_a_stopped_score_goes_on(tiny, method):
    task, heads = task_of(tiny("t5")), frozenset([(0, 1), (3, 2)])
    whole = Scorer(task).score(heads, method)
    results = TaskResults(task)
    results.scorer.replacement_of(method)
    found, stops = gone_on(lambda tell: results.score(heads, method, tell), 9)
    assert stops > 1
    np.testing.assert_allclose(found.loss, whole.loss, atol=1e-6)


@pytest.mark.parametrize("what", ["single_effects", "sweep", *curves.ORDERS])
def test_stopped_work_goes_on_and_finds_the_same(tiny, what):
    task = task_of(tiny("bert"))

    def work(results, tell):
        if what == "single_effects":
            return list(results.single_effects(frozenset([(0, 1), (1, 3)]), progress=tell).values())
        if what == "sweep":
            return [scores.mean_loss for scores in results.exact(progress=tell).without.values()]
        found = results.curve(what, progress=tell)
        return [point.loss for point in found.points] + [float(head[1]) for head in found.heads]

    whole = TaskResults(task)
    expected = work(whole, None)
    stopped = TaskResults(task)
    calls = {"random": 150}.get(what, 40 if what in curves.ORDERS else 8)
    found, stops = gone_on(lambda tell: work(stopped, tell), calls)
    assert stops > 1
    np.testing.assert_allclose(found, expected, atol=1e-6)
    # Nothing is left behind: neither a lock nor a hook.
    assert stopped.scorer.runner.between is None and stopped.scorer.runner.keep is None
    assert task.model.lock.acquire(blocking=False)
    task.model.lock.release()


def test_a_stopped_scale_curve_goes_on(tiny):
    task, factors = task_of(tiny("gpt2")), (0.5, 1.0, 2.0)
    whole, stopped = ScaleCurve(task).compute(factors), ScaleCurve(task)
    found, stops = gone_on(lambda tell: stopped.compute(factors, tell), 20)
    assert stops > 1 and not stopped._batches
    for point, expected in zip(found, whole, strict=True):
        np.testing.assert_allclose(list(vars(point).values()), list(vars(expected).values()), atol=1e-6)


def test_progress_rises_and_is_told_within_each_pass(tiny):
    task = task_of(tiny("bert"))
    results = TaskResults(task)
    layers = results.scorer.runner.n_calls
    for work in (
        lambda tell: results.score(frozenset([(0, 0)]), "mean", tell),
        lambda tell: results.exact(progress=tell),
        lambda tell: results.importance("gradient", progress=tell),
        lambda tell: results.curve("greedy", progress=lambda share, points: tell(share)),
        lambda tell: results.curve("random", progress=lambda share, points: tell(share)),
    ):
        told = []
        work(told.append)
        assert len(told) >= layers * len(task.batches())
        assert all(0 <= one <= other + 1e-9 <= 1 + 2e-9 for one, other in pairwise(told))
        assert told[-1] == pytest.approx(1)


def rises(task, gone):
    """By hand, by whole passes: the rise of each example's loss when each head that is left goes too, by head."""
    base = task.score(lambda batch: changes(task.model, gone)).loss
    left = [head for head in every(task.model) if head not in gone]
    return {head: task.score(lambda batch, head=head: changes(task.model, [*gone, head])).loss - base for head in left}


@pytest.mark.parametrize("name", matrix.part(["bert", "gpt2", "albert", "t5"], ["bert", "albert"]))
@pytest.mark.parametrize("sure", [greedy.SURE, float("inf")])
def test_the_greedy_order_takes_the_cheapest_heads(tiny, name, sure):
    task = task_of(tiny(name), 24)
    sizes = curves.counts(len(every(task.model)), 0.25)
    *_, (found, _scores) = greedy.steps(Scorer(task), sizes, "zero", sure=sure)
    assert sorted(found) == every(task.model)
    for before, size in pairwise(sizes[:-1]):
        cost = rises(task, found[:before])
        ranked = sorted(cost, key=lambda head: cost[head].mean())
        border = ranked[size - before - 1]
        if np.isinf(sure):
            assert set(found[before:size]) == set(ranked[: size - before])
        for head in found[before:size]:
            # In the place of the cheapest only what ties with them, as far as the examples say.
            error = (cost[head] - cost[border]).std() / np.sqrt(len(task))
            assert cost[head].mean() <= cost[border].mean() + error + 1e-6


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_slopes_are_finite_differences_and_come_with_the_scores(tiny, name, method):
    task, gone, by = task_of(tiny(name), 6), frozenset([(0, 1), (1, 2)]), 0.02
    scorer = Scorer(task)
    batch = task.batches()[0]
    replacement = replacements(task, method)(batch)
    state, slopes = greedy_passes.sloped(task, scorer.runner, batch, gone, replacement)
    again, none = greedy_passes.sloped(task, scorer.runner, batch, gone, replacement, slopes=False)
    assert torch.equal(again.outcome.loss, state.outcome.loss) and not none  # to the bit: who runs it does not matter

    def loss(factors: dict) -> np.ndarray:
        made = changes(task.model, [*gone, *factors], replacement)
        for (site, head), factor in factors.items():
            made[site].gate[head] = factor
        with task.running(scorer.runner, made):
            return task.outcome(scorer.runner, batch, scorer.runner.run).loss.numpy()

    np.testing.assert_allclose(state.outcome.loss, loss({}), atol=1e-6)
    assert set(slopes) == set(every(task.model)) - gone and not state.outcome.loss.requires_grad
    for head in [(0, 0), (0, 3), (1, 0)]:
        rise = (loss({head: 1 - by}) - loss({head: 1 + by})) / (2 * by)
        np.testing.assert_allclose(slopes[head], rise, atol=2e-4)


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_without_a_race_the_slopes_decide(tiny, monkeypatch, name):
    task = task_of(tiny(name), 12)
    monkeypatch.setattr(greedy_passes, "rises", lambda *_given: pytest.fail("a head was run"))
    walked = [found for found, _scores in greedy.steps(Scorer(task), [0, 3, 6, 8], "zero", sure=0.0)]
    assert sorted(walked[-1]) == every(task.model)
    # By hand: the slope of the mean loss at gates of 0 and 1, as a finite difference.
    by = 0.01
    for before, after in pairwise(walked[:-1]):
        slopes = {}
        for head in set(every(task.model)) - set(before):
            losses = []
            for factor in (1 + by, 1 - by):
                made = changes(task.model, [*before, head])
                made[head[0]].gate[head[1]] = factor
                losses.append(task.score(lambda _batch, made=made: made).mean_loss)
            slopes[head] = (losses[1] - losses[0]) / (2 * by)
        ranked = sorted(slopes, key=slopes.get)
        assert max(slopes[head] for head in after[len(before) :]) <= slopes[ranked[len(after) - len(before) - 1]] + 1e-4
    assert TaskResults(task).curve("greedy", sample=6).order == "greedy"


def test_only_steps_that_choose_among_heads_run_backwards(tiny, monkeypatch):
    task, run = task_of(tiny("bert"), 6), []
    sloped = greedy_passes.sloped
    monkeypatch.setattr(greedy_passes, "sloped", lambda *given, **how: run.append(len(given[3])) or sloped(*given, **how))
    list(greedy.steps(Scorer(task), [0, 3, 6, 8], "zero"))
    assert set(run) == {0, 3}


def test_a_race_settles_heads_before_all_examples_are_run(tiny, monkeypatch):
    task, run = task_of(tiny("bert"), 60), []
    monkeypatch.setattr("explorer.tasks.base.TOKENS", 100)  # small batches, so that there are rounds
    rises = greedy_passes.rises
    monkeypatch.setattr(greedy_passes, "rises", lambda *args: run.append(len(args[3]) * len(args[2].batch)) or rises(*args))
    sizes = curves.counts(8)
    list(greedy.steps(Scorer(task), sizes, "zero"))
    assert 0 < sum(run) < 0.9 * 60 * sum(8 - size for size in sizes[1:-2])


def test_the_greedy_order_is_the_same_to_the_bit_whatever_is_kept(tiny):
    task, sizes = task_of(tiny("bert"), 12), [0, 2, 4, 6, 8]
    much, nothing = (list(greedy.steps(Scorer(task, kept_bytes=room), sizes, "mean")) for room in (2**29, 0))
    assert much == nothing


def test_a_settled_head_is_far_from_the_border():
    noise = np.random.default_rng(0).normal(size=(4, 50))
    changed = {(0, i): noise[i] for i in range(4)}
    seen = np.arange(100) < 50
    far = {(0, 0): -9.0, (0, 1): 0.0, (0, 2): 0.01, (0, 3): 9.0}
    foreseen = {head: np.zeros(100) for head in changed}  # so that nothing ties
    assert greedy._settled(far, foreseen, changed, 2, seen, 3.0) == ([(0, 0)], [(0, 3)])
    assert greedy._settled(far, foreseen, changed, 2, np.ones(100, dtype=bool), 3.0) == ([(0, 0), (0, 1)], [(0, 2), (0, 3)])


def test_the_baseline_is_never_the_first_to_go(tiny):
    task = task_of(tiny("bert"))
    results = TaskResults(task, room=3 * task.score().bytes)
    base = results.score()
    for head in every(task.model):
        results.score(frozenset([head]))
    assert results.score() is base
    assert [results.knows_score(frozenset([head])) for head in every(task.model)] == [False] * 5 + [True] * 3
    assert results.knows_score(frozenset())


def test_a_subset_shares_encodings_and_finds_the_same(tiny):
    task = task_of(tiny("gpt2"))
    members = [7, 2, 9]
    part = task.subset(members)
    assert len(part) == 3 and len(task) == 12 and all(a is task.items[i] for a, i in zip(part.items, members, strict=True))
    np.testing.assert_allclose(part.score().loss, task.score().loss[members], atol=1e-6)
    np.testing.assert_allclose(sweep(part).without[1, 1].loss, sweep(task).of(members).without[1, 1].loss, atol=1e-6)


def test_a_sample_has_its_share_of_each_class(bert):
    from explorer.tasks import choose

    task = choose.make("classify", bert, choose.built_in("classify"))
    members = task.sample(48)
    assert members == task.sample(48) == sorted(set(members)) and len(members) == 48
    targets = np.array([item.target for item in task.items])
    for label in set(targets):
        assert abs((targets[members] == label).mean() - (targets == label).mean()) < 1 / 48 + 1e-9
    assert task.sample(1000) == list(range(len(task)))


@pytest.mark.parametrize("order", curves.ORDERS)
def test_a_first_curve_says_what_it_is_read_on(tiny, order):
    task = task_of(tiny("gpt2"))
    results = TaskResults(task)
    first = results.curve(order, sample=5)
    assert first.examples == 5 and results.knows_curve(order, sample=5) and not results.knows_curve(order)
    part = task.subset(task.sample(5))
    assert first.points[0].loss == pytest.approx(part.score().mean_loss, abs=1e-6)
    assert first.points[-1].loss == pytest.approx(part.score(lambda batch: changes(task.model, every(task.model))).mean_loss, abs=1e-6)
    assert first.seeds == (costs.FEW_SEEDS if order == "random" else 1)
    assert results.curve(order).examples == len(task)


def test_a_first_curve_takes_coarser_steps_where_it_must(tiny):
    scorer = Scorer(task_of(tiny("gpt2")))
    scorer.baseline()
    scorer.seconds = np.array([0.01, 0.005])
    assert costs.affordable(scorer, "gradient", "zero", 100.0)[0] == costs.STEPS[0]
    assert costs.affordable(scorer, "gradient", "zero", 0.0)[0] == costs.STEPS[-1]


def test_what_a_curve_will_take_is_counted_in_passes(tiny):
    task = task_of(tiny("gpt2"))
    results = TaskResults(task)
    assert results.cost("random") > 0 and results.scorer.knows_baseline
    results.scorer.seconds = np.array([2.0, 1.0])  # two layers of a second each
    # Sizes 1 to 8 of 8 heads: the lowest head of a set is in layer 0, or in layer 1 where all of them are.
    expected = 0.0
    for seed in range(curves.SEEDS):
        heads = curves.order_of(task, "random", seed=seed)
        expected += sum(2.0 if min(heads[:size])[0] == 0 else 1.0 for size in range(1, 9))
    assert results.cost("random") == pytest.approx(expected)
    small = costs.RESAMPLED * 2000 * len(task) * 9
    assert results.cost("gradient") == pytest.approx(expected / curves.SEEDS + costs.BACKWARD * 2 + small)
    assert results.cost("exact") == pytest.approx(expected / curves.SEEDS + 4 * 2.0 + 4 * 1.0 + small)
    assert results.cost("greedy") > results.cost("exact")
    results.curve("gradient")
    assert results.cost("gradient") == 0


@pytest.mark.parametrize("n", [2, 5, 284, 3000])
def test_intervals_are_those_of_scipy(n):
    from scipy import stats

    values = np.random.default_rng(n).random(n)
    found = stats.bootstrap((values,), np.mean, n_resamples=2000, confidence_level=0.95, method="percentile", rng=0)
    assert interval(values) == pytest.approx((found.confidence_interval.low, found.confidence_interval.high), abs=1e-12)
    with pytest.raises(Stopped):
        interval(values, between=stopping_after(0))


def test_gradients_and_confidence_of_batches_that_were_kept(tiny):
    task = task_of(tiny("llama"))
    for by in (importance.gradient, importance.confidence):
        results = TaskResults(task)
        found, stops = gone_on(lambda tell, r=results, by=by: r.importance(by.__name__, progress=tell), 9)
        assert stops >= 1
        assert found == pytest.approx(by(task))


def test_many_threads_share_a_scorer(tiny):
    from concurrent.futures import ThreadPoolExecutor

    torch.set_num_threads(1)
    task = task_of(tiny("bert"))
    sets = [frozenset(every(task.model)[i : i + 2]) for i in range(6)]
    expected = [Scorer(task).score(heads).mean_loss for heads in sets]
    results = TaskResults(task)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda heads: results.score(heads).mean_loss, sets))
    assert found == pytest.approx(expected, abs=1e-6)
