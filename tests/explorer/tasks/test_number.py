"""A number for each text, against plain transformers and scipy."""

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.ablation import heads
from explorer.ablation.intervals import interval
from explorer.ablation.results import TaskResults
from explorer.tasks import choose, data
from explorer.tasks.base import Scores
from explorer.tasks.score import pearson, score_of
from models import InputError
from tests.explorer.tasks.headed import headed

CSV = "sentence1,sentence2,score\nthe cat sat,a cat sat,4.5\nthe dog,the garden was warm,0.25\nwhere was it ?,it was,2\na dog,they play,1e0\n"
PAIRS = [("the cat sat", "a cat sat"), ("the dog", "the garden was warm"), ("where was it ?", "it was"), ("a dog", "they play")]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return headed(tmp_path_factory.mktemp("number"), "BertForSequenceClassification", num_labels=1)


def made(model, text=CSV, name="f.csv"):
    return choose.make("regression", model, data.read(text.encode(), name, **choose.told("regression")))


def test_scores_are_those_of_scipy(model):
    task = made(model)
    right = np.array([4.5, 0.25, 2, 1])
    with torch.no_grad():
        said = [float(model.network(**model.tokenizer(*pair, return_tensors="pt")).logits) for pair in PAIRS]
    scores = task.score()
    np.testing.assert_allclose(scores.correct, np.stack([said, right], axis=1), rtol=1e-5)
    assert scores.score == pytest.approx(scipy.stats.pearsonr(said, right).statistic, abs=1e-5)
    assert scores.mean_loss == pytest.approx(((np.array(said) - right) ** 2).mean(), rel=1e-5)
    assert choose.possible(model) == ["regression"]


def test_heads_are_removed_as_one_by_one(model):
    task = made(model)
    results = TaskResults(task)
    table = results.exact().table(model.sites, "correct")
    for site, head in heads.every(model):
        alone = task.score(lambda batch, key=(site, head): heads.changes(model, [key]))
        assert table[site, head] == pytest.approx(alone.score, abs=1e-5)
    for order in ("gradient", "greedy", "random"):
        points = results.curve(order).points
        assert points[0].score == pytest.approx(task.score().score, abs=1e-5) and points[0].low <= points[0].score <= points[0].high
    # Without any head nothing may vary: then nothing is said about the numbers.
    assert all(np.isfinite(point.score) for point in points)


def test_the_same_predictions_but_for_rounding_are_the_same(model):
    task = made(model)
    full = task.score()

    def moved(by) -> Scores:
        return Scores(full.loss, full.correct + np.stack([by, np.zeros(4)], axis=1), full.predicted, full.count)

    said = full.correct[:, 0]
    spread = np.ptp(said)
    assert not task.differ(full, full).any() and not task.differ(full, moved(np.spacing(said.astype(np.float32)) * 3)).any()
    assert not task.differ(full, moved(spread * np.array([5e-5, -5e-5, 0, 5e-5]))).any()
    assert task.differ(full, moved(np.array([0, 0.01 * spread + 1e-4, 0, 0]))).tolist() == [False, True, False, False]
    # One text at a time, where the sums of matrices go another way, predicts the same.
    alone = [task.subset([i]).score().correct[0] for i in range(4)]
    assert not task.differ(full, Scores(full.loss, np.array(alone), full.predicted, full.count)).any()
    layer = [(0, head) for head in range(model.sites[0].heads)]
    assert task.differ(full, task.score(lambda batch: heads.changes(model, layer))).any()


def test_rounding_is_that_of_the_precision(model):
    task = made(model)
    full = task.score()
    step = np.abs(full.correct[:, 0]).max() * 2**-8

    def scores(correct: np.ndarray) -> Scores:
        return Scores(full.loss, correct, full.predicted, full.count)

    assert task.differ(full, scores(full.correct + np.array([step, 0.0]))).all()
    halves = torch.from_numpy(full.correct).bfloat16().double().numpy()
    assert not task.differ(scores(halves), scores(halves + np.array([step, 0.0]))).any()


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=3, max_size=30))
def test_pearson_is_that_of_scipy_or_nothing(pairs):
    values = np.array(pairs)
    found = float(pearson(values))
    if values[:, 0].std() > 1e-6 and values[:, 1].std() > 1e-6:
        assert found == pytest.approx(scipy.stats.pearsonr(*values.T).statistic, abs=1e-6)
    assert -1 - 1e-9 <= found <= 1 + 1e-9


def test_what_does_not_vary_has_no_correlation():
    assert score_of(np.array([[1.0, 2.0], [1.0, 3.0]])) == 0 and interval(np.array([[1.0, 2.0], [1.0, 3.0]])) == (0, 0)


def test_predictions_that_only_rounding_holds_apart_have_no_correlation(model):
    """Without a head an encoder's [CLS] sees its own word alone, the same in all texts; sums of other lengths end in other last bits."""
    lengths = [" ".join(["the cat sat on the mat"] * n) for n in (1, 2, 3, 4)] + ["a dog", "the garden", "it"]
    task = made(model, "sentence,score\n" + "".join(f"{text},{i}\n" for i, text in enumerate(lengths)))
    scores = task.score(lambda batch: heads.changes(model, heads.every(model)))
    assert scores.correct[:, 0] == pytest.approx(scores.correct[0, 0], rel=1e-5)
    noise = scores.correct + np.stack([np.spacing(np.float32(scores.correct[0, 0])) * np.array([1, 0, 1, 0, 1, 0, 1]), np.zeros(7)], axis=1)
    for correct in (scores.correct, noise):
        assert score_of(correct) == 0 and interval(correct) == (0, 0)


@pytest.mark.parametrize(("dtype", "step"), [(torch.bfloat16, 2**-8), (torch.float16, 2**-11), (torch.float32, 2**-23)])
def test_what_rounding_is_is_seen_from_the_numbers(dtype, step):
    near = torch.tensor([0.7, 0.7 + step, 0.7, 0.7 + 2 * step, 0.7], dtype=torch.float64).to(dtype).double().numpy()
    far = (torch.tensor([0.7, 0.7 + 40 * step, 0.7, 0.7 + 80 * step, 0.7]).to(dtype)).double().numpy()
    right = np.array([1.0, 2, 1, 3, 1])
    assert np.ptp(near) > 0 and score_of(np.stack([near, right], axis=1)) == 0
    assert score_of(np.stack([far, right], axis=1)) == pytest.approx(scipy.stats.pearsonr(far, right).statistic)


def test_columns_that_do_not_vary_are_told_by_their_ends():
    """The mean of three times 0.1 is not 0.1: both columns were off by it, and seemed to go together."""
    assert pearson(np.array([[0.1, 0.3]] * 3)) == 0 and pearson(np.array([[0.3, 0.1]] * 7)) == 0
    values = np.array([[0.1, 0.3], [0.2, 0.1], [0.7, 0.3]])
    low, high = interval(values)
    assert -1 <= low <= high <= 1
    draw = np.random.default_rng(0).integers(0, 3, (2000, 3))
    theirs = [0 if len(set(row)) == 1 or np.ptp(values[row, 1]) == 0 else np.corrcoef(values[row].T)[0, 1] for row in draw]
    assert (low, high) == pytest.approx(tuple(np.percentile(theirs, [2.5, 97.5])), abs=1e-9)


def test_the_interval_is_that_of_resampled_pairs():
    draw = np.random.default_rng(1)
    x = draw.normal(size=200)
    values = np.stack([x, x + draw.normal(size=200)], axis=1)
    low, high = interval(values)
    theirs = scipy.stats.bootstrap(
        (values[:, 0], values[:, 1]), lambda a, b: scipy.stats.pearsonr(a, b).statistic, paired=True, vectorized=False, n_resamples=999,
        method="percentile", rng=0,
    ).confidence_interval  # fmt: skip
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.03)


@pytest.mark.parametrize("cell", ["warm", "", "nan", "inf", "true"])
def test_a_cell_that_is_no_number_is_named(model, cell):
    with pytest.raises(InputError, match="Line 2, column"):
        made(model, f"sentence,score\nthe cat,{cell}\na dog,1\n")


def test_another_scale_is_doubted(model):
    far = made(model, "sentence,score\nthe cat,1000\na dog,1001\nthe garden,1002\n")
    assert "scale" in far.doubt(far.score())


def test_a_classifier_predicts_no_number(bert):
    with pytest.raises(InputError, match="no head that predicts a number"):
        made(bert)
