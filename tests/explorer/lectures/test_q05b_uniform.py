"""Q5b: the mean of the values by a loop over what the network's own layers give."""

import numpy as np
import pytest
import torch

from explorer.lectures import q05b_uniform as q05b
from explorer.lectures import shipped
from explorer.lectures.words import read
from explorer.scores import null
from explorer.tasks import choose
from models import attention


def heads_of(model, layer):
    """Queries, keys and values (heads, n, size) of a layer, listened to where attention is called."""
    ids = model.tokenizer(q05b.TEXT, return_tensors="pt")["input_ids"]
    with torch.inference_mode(), attention.attending(model.sites_of) as run:
        model.network.base_model(input_ids=ids)
    record = next(r for r in run.records if r.site == layer)
    return [t[0].double().numpy() for t in (record.query, record.key, record.value)], float(record.scale.flatten()[0])


def loop(q, k, v, scale, causal):
    """Weights and outputs of one head, row by row."""
    weights, out = np.zeros((len(q), len(k))), np.zeros_like(v)
    for i in range(len(q)):
        last = i + 1 if causal else len(k)
        scores = [scale * sum(a * b for a, b in zip(q[i], k[j], strict=True)) for j in range(last)]
        raised = [np.exp(score - max(scores)) for score in scores]
        for j in range(last):
            weights[i, j] = raised[j] / sum(raised)
            out[i] += weights[i, j] * v[j]
    return weights, out


@pytest.mark.parametrize(("name", "causal"), [("bert-mini", False), ("gpt2-mini", True)])
@pytest.mark.parametrize("sharpness", [0, 0.5, 4])
def test_outputs_and_entropies_are_those_of_a_loop(opener, name, causal, sharpness):
    made = q05b.compute(opener, sharpness=sharpness, model=name, layer=1, head=2)
    (q, k, v), scale = heads_of(opener(name), 1)
    weights, out = loop(q[2], k[2], v[2], scale * sharpness, causal)
    dims = made.data["dims"]
    assert np.abs(made.data["values"] - v[2][:, dims]).max() < 1e-5
    assert np.abs(made.data["now"] - out[:, dims]).max() < 1e-5
    means = np.array([v[2][: i + 1 if causal else None].mean(axis=0) for i in range(len(v[2]))])
    assert np.abs(made.data["equal"] - means[:, dims]).max() < 1e-5
    if sharpness == 0:
        assert np.abs(out - means).max() < 1e-12
    rows = range(1 if causal else 0, len(weights))
    entropies = [-sum(w * np.log(w) for w in weights[i] if w > 0) for i in rows]
    assert made["entropy"] == pytest.approx(np.mean(entropies), abs=1e-5)
    assert made["most"] == pytest.approx(np.mean([np.log(i + 1 if causal else len(weights)) for i in rows]), abs=1e-6)
    learned = loop(q[2], k[2], v[2], scale, causal)[0]
    assert np.abs(made.data["weights"] - learned[made.data["row"]]).max() < 1e-5
    assert made["learned"] == pytest.approx(np.mean([-sum(w * np.log(w) for w in learned[i] if w > 0) for i in rows]), abs=1e-5)
    random = null.random_weights(opener(name))
    made_random = loop(*[t[2] for t in heads_of(random, 1)[0]], heads_of(random, 1)[1], causal)[0]
    assert made["random"] == pytest.approx(np.mean([-sum(w * np.log(w) for w in made_random[i] if w > 0) for i in rows]), abs=1e-5)
    assert made["most"] - made["random"] < 0.05
    normed = learned * np.linalg.norm(v[2], axis=1)
    normed /= normed.sum(axis=1, keepdims=True)
    assert made["normed"] == pytest.approx(np.mean([-sum(w * np.log(w) for w in normed[i] if w > 0) for i in rows]), abs=1e-5)


def test_every_head_is_at_most_as_broad_as_equal_weights(opener):
    made = q05b.compute(opener)
    shares = []
    for layer in range(6):
        (q, k, v), scale = heads_of(opener("bert-mini"), layer)
        for head in range(8):
            weights = loop(q[head], k[head], v[head], scale, False)[0]
            shares.append(np.mean([-sum(w * np.log(w) for w in row if w > 0) for row in weights]) / np.log(len(weights)))
    assert np.abs(made.data["relative"].ravel() - shares).max() < 1e-5
    assert max(shares) <= 1


def test_sharpness_ends_at_equal_rows_and_at_copies_of_one_value(opener):
    words = read("q05b_uniform", "en")
    flat, sharp = (q05b.compute(opener, sharpness=s) for s in (0, 256))
    assert np.ptp(flat.data["now"], axis=0).max() < 1e-5 < np.ptp(sharp.data["now"], axis=0).max()
    nearest = np.abs(sharp.data["now"][:, None] - sharp.data["values"][None]).max(axis=-1).min(axis=1)
    assert (nearest < 0.05).mean() > 0.7
    assert flat["entropy"] > sharp["entropy"]
    tables = [[p.tables["cells"] for p in q05b.pictures(made, words, False)] for made in (flat, sharp)]
    assert tables[0][0].equals(tables[1][0]) and not tables[0][2].equals(tables[1][2])


@pytest.mark.parametrize("name", ["bert-mini", "gpt2-mini"])
def test_the_cost_of_a_head_is_that_of_two_plain_runs(opener, name):
    """One head of the shipped table, with the whole task run again."""
    kept = shipped.read("q05b_uniform").data[name]
    model = opener(name)
    task = choose.make(q05b.TASKS[name], model, choose.built_in(q05b.TASKS[name]))
    losses = []
    for gate in (1.0, 0.0):
        gates = torch.ones(8)
        gates[0] = gate
        total = []
        for batch in task.batches():
            change = {2: attention.Change(gate=gates, replacement="uniform")}
            with torch.inference_mode(), attention.attending(model.sites_of, changes=change, record=False):
                logits = model.network(**batch.inputs).logits.double()
            for example in range(len(logits)):
                asked = batch.targets[example] != -100
                total.append(float(torch.nn.functional.cross_entropy(logits[example][asked], batch.targets[example][asked])))
        losses.append(np.mean(total))
    assert kept["loss"] == pytest.approx(losses[0], abs=1e-4)
    assert kept["rise"][2][0] == pytest.approx(losses[1] - losses[0], abs=1e-4)
    assert q05b.compute(opener, model=name)["cost"] == kept["rise"][2][0]


def test_a_model_without_shipped_costs_is_shown_without_them(opener):
    made = q05b.compute(opener, model="all-MiniLM-L6-v2", layer=11, head=11)
    assert made.data["at"] == (5, 11) and made.data["rise"] is None
    assert len(q05b.more(made, read("q05b_uniform", "zh"), True)) == 2
    assert "cost" not in {measure.name for measure in made.measures}
