"""Q22b: patterns against their definitions, mass against a loop, and the model with a pattern imposed against eager attention of transformers."""

import numpy as np
import pytest
import torch

from explorer.capture import capture
from explorer.lectures import q22b_sparse, shipped, sparse
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from explorer.tasks import choose
from models import InputError, load

DEMO = demo("Q22b")
WORDS = read("q22b_sparse", "en")
TEXT = WORDS.label("text.default")


def by_hand(pattern, n, k):
    """Keys of each query where it sees itself and what comes before, by the definition."""
    made = np.zeros((n, n), bool)
    for i in range(n):
        for j in range(i + 1):
            first = min(4, min(k, i + 1) // 2)
            made[i, j] = {
                "window": i - j < k,
                "sinks": j < first or j > i - (min(k, i + 1) - first) or i < k,
                "dilated": (i - j) % 2 == 0 and i - j < 2 * k,
                "block": i // k == j // k,
                "global": i - j < k - 1 or j == 0,
            }[pattern]
    return made


@pytest.mark.parametrize("pattern", ["window", "sinks", "dilated", "block", "global"])
@pytest.mark.parametrize(("n", "k"), [(12, 4), (30, 8), (9, 2), (20, 16)])
def test_causal_patterns_are_as_they_are_defined(pattern, n, k):
    mask = sparse.kept(pattern, n, k, True) & np.tril(np.ones((n, n), bool))
    assert (mask == by_hand(pattern, n, k)).all()
    assert mask.diagonal().all()


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("k", [2, 4, 8, 64])
def test_the_four_that_are_compared_keep_exactly_as_many_pairs(causal, k):
    n = 40
    for pattern in sparse.EQUAL:
        mask = sparse.kept(pattern, n, k, causal)
        seen = [i + 1 if causal else n for i in range(n)]
        assert mask.sum(axis=1).tolist() == [min(k, s) for s in seen] and mask.diagonal().all()
        assert not causal or not np.triu(mask, 1).any()
    assert (sparse.kept("random", n, k, causal) == sparse.kept("random", n, k, causal)).all()
    # Every k-th is spread over the whole prefix.
    row = np.flatnonzero(sparse.kept("strided", n, 4, True)[39])
    assert set(np.diff(row)) == {10}


@pytest.mark.parametrize("pattern", sparse.PATTERNS)
@pytest.mark.parametrize("model", ["gpt2-mini", "bert-mini"])
def test_mass_and_cost_are_sums_over_pairs(opener, pattern, model):
    result = DEMO.compute(opener, k=4, pattern=pattern, text=TEXT, model=model, layer=1, head=3)
    captured = capture(opener(model), TEXT, max_tokens=48)
    weights, n = captured.pattern(1, 3), len(captured.queries())
    causal = model == "gpt2-mini"
    mask = sparse.kept(pattern, n, 4, causal)
    total, pairs, visible = 0.0, 0, 0
    for i in range(n):
        for j in range(i + 1 if causal else n):
            visible += 1
            if mask[i, j]:
                total, pairs = total + float(weights[i, j]), pairs + 1
    assert result["mass"] == pytest.approx(total / n, abs=1e-6) and result["pairs"] == pytest.approx(pairs / visible)
    if pattern in sparse.EQUAL:
        every = [
            float(np.where(mask, captured.pattern(site.layer, head), 0).sum() / n) for site in captured.sites() for head in range(site.heads)
        ]
        assert result[f"mean_{pattern}"] == pytest.approx(np.mean(every), abs=1e-5)


def test_low_rank_is_what_the_best_product_holds(opener):
    captured = capture(opener("gpt2-mini"), TEXT, max_tokens=48)
    weights = captured.pattern(2, 0).astype(float)
    u, s, vt = np.linalg.svd(weights)
    best = (u[:, :8] * s[:8]) @ vt[:8]
    expected = 1 - ((weights - best) ** 2).sum() / (weights**2).sum()
    assert DEMO.compute(opener, k=8, text=TEXT)["rank"] == pytest.approx(expected, abs=1e-6)
    assert sparse.low_rank(weights, len(weights)) == pytest.approx(1)


@pytest.mark.parametrize(("pattern", "k"), [("window", 4), ("sinks", 8)])
def test_an_imposed_pattern_is_a_mask_of_transformers_own_attention(pattern, k):
    """gpt2-mini on two short examples, with the pattern as an additive mask and eager attention: the same loss and score."""
    model = load("gpt2-mini", "cpu")
    task = choose.make("next", model, choose.built_in("next")).subset([0, 1])
    score, loss = sparse.imposed(task, pattern, k)
    other = load("gpt2-mini", "cpu").network
    other.set_attn_implementation("eager")
    losses, right = [], []
    for item in task.items:
        ids, target = torch.tensor([item.inputs["input_ids"]]), torch.tensor(item.target)
        n = ids.shape[1]
        mask = torch.from_numpy(sparse.kept(pattern, n, k, True))
        added = torch.zeros(1, 1, n, n).masked_fill(~mask, torch.finfo(torch.float32).min)
        with torch.inference_mode():
            logits = other(input_ids=ids, attention_mask=added).logits[0].double()
        asked = target >= 0
        losses.append(float(torch.nn.functional.cross_entropy(logits[asked], target[asked])))
        right.append(float((logits[asked].argmax(-1) == target[asked]).double().mean()))
    assert loss == pytest.approx(np.mean(losses), abs=1e-4) and score == pytest.approx(np.mean(right), abs=1e-6)


def test_what_is_imposed_is_read_from_the_data_and_decides(opener):
    data = shipped.read("q22b_sparse").data
    kept, result = data["gpt2-mini"], DEMO.compute(opener, text=TEXT)
    rows = {(name, k): (score, loss) for name, k, score, loss in kept["imposed"]}
    assert len(rows) == len(q22b_sparse.KEYS) * len(sparse.PATTERNS)
    for name in sparse.EQUAL:
        assert result[f"loss_{name}"] == rows[name, 8][1] > kept["full"][1]
    best = min(sparse.EQUAL, key=lambda name: rows[name, 8][1])
    assert result["score"] == rows[best, 8][0] and DEMO.right_option(result) == "D" and best == "sinks"
    for letter, name in q22b_sparse.OPTIONS.items():
        other = [[n, k, s, 0.5 if n == name else loss] for n, k, s, loss in kept["imposed"]]
        with shipped.instead("q22b_sparse", shipped.Shipped({**data, "gpt2-mini": {**kept, "imposed": other}}, shipped.read("q22b_sparse").card)):
            assert DEMO.right_option(DEMO.compute(opener, text=TEXT)) == letter


def test_another_model_is_measured_on_its_own_heads(opener, tiny):
    """bert-mini as shipped, a model that is not as measured here, one without a head for words by gpt2-mini's numbers."""
    rows = shipped.read("q22b_sparse").data["bert-mini"]["imposed"]
    result = DEMO.compute(opener, text=TEXT, model="bert-mini", k=16)
    assert result.said["reader"] == "bert-mini" and len(rows) == len(q22b_sparse.KEYS) * len(sparse.PATTERNS)
    for name, k, _score, loss in rows:
        assert result.data["losses"][name, k] == loss
    whole = choose.make("masked", load("bert-mini", "cpu"), choose.built_in("masked"))
    score, loss = next((score, loss) for name, k, score, loss in rows if (name, k) == ("window", 8))
    assert sparse.imposed(whole, "window", 8) == pytest.approx((score, loss), abs=2e-5)
    other = DEMO.compute(opener, text=TEXT, model="all-MiniLM-L6-v2")
    assert other.said["reader"] == "gpt2-mini" and other["loss_window"] == DEMO.compute(opener, text=TEXT)["loss_window"]


@pytest.mark.parametrize("name", ["opt", "distilbert"])
def test_a_model_of_ones_own_is_measured_here(tiny, name):
    model = tiny(name)
    task = sparse.task_of(model)
    assert task is not None and task.kind == ("next" if name == "opt" else "masked")
    result = DEMO.compute(lambda _name: model, text=TEXT, model=name, k=4)
    few = task.subset(range(min(sparse.EXAMPLES, len(task.items))))
    assert result.said["reader"] == model.name and all(measure.holds for measure in result.measures)
    for pattern, k in (("window", 8), ("sinks", 4), ("block", 4)):
        assert result.data["losses"][pattern, k] == pytest.approx(sparse.imposed(few, pattern, k)[1], abs=1e-6)
    assert result["full"] == pytest.approx(few.score().mean_loss, abs=1e-6)
    best = min(sparse.EQUAL, key=lambda pattern: result[f"loss_{pattern}"])
    assert DEMO.right_option(result) == next(letter for letter, pattern in q22b_sparse.OPTIONS.items() if pattern == best)
    drawn = DEMO.pictures(result, WORDS, False), DEMO.more(result, WORDS, False)
    assert f"Imposed on {model.name}" in str(drawn[0][1].spec()["title"])


def test_keeping_everything_changes_nothing():
    model = load("gpt2-mini", "cpu")
    task = choose.make("next", model, choose.built_in("next")).subset([0])
    assert sparse.imposed(task, "window", 500) == pytest.approx(sparse.imposed(task, "", 0), abs=1e-5)


def test_sparsemax_is_sparse_only_after_all_scores(opener):
    result = DEMO.compute(opener, text=TEXT)
    captured = capture(opener("gpt2-mini"), TEXT, max_tokens=48)
    record, n = captured.record(2), len(captured.queries())
    assert result["scored"] == n * n * record.query.shape[-1]
    zeros = pairs = 0
    for i in range(n):
        z = np.sort(record.scores(0)[i, : i + 1].double().numpy())[::-1]
        support = max(j for j in range(1, i + 2) if 1 + j * z[j - 1] > z[:j].sum())
        zeros, pairs = zeros + i + 1 - support, pairs + i + 1
    assert result["zeros"] == pytest.approx(zeros / pairs, abs=1e-3)


@pytest.mark.parametrize("k", [2, 32])
def test_bars_are_the_rise_of_the_loss(opener, k):
    kept = shipped.read("q22b_sparse").data["gpt2-mini"]
    maps, bars = DEMO.pictures(DEMO.compute(opener, k=k, pattern="block", text=TEXT), WORDS, False)
    rows = {(name, keys): loss for name, keys, _score, loss in kept["imposed"]}
    assert bars.tables["bars"]["value"].tolist() == pytest.approx([rows[name, k] - kept["full"][1] for name in sparse.PATTERNS])
    assert bars.tables["bars"]["marked"].tolist() == [name == "block" for name in sparse.PATTERNS]
    assert len(maps.tables["maps"]) == 8 and maps.tables["maps"]["name"][1].startswith("block")


def test_a_text_is_needed(opener):
    with pytest.raises(InputError):
        DEMO.compute(opener, text="")
