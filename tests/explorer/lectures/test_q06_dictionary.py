"""Q6: gradients by differences, sparsemax by search, the toy by a loop, real weights head by head."""

import json

import numpy as np
import pytest
import torch

from explorer.lectures import q06_dictionary as q06
from explorer.lectures import shipped
from models import attention
from models.surgery import cutting
from models.training import runs


@pytest.fixture(scope="module")
def result(opener):
    return q06.compute(opener)


def plain(name, scores, temperature=1.0):
    """The lookups once more, in numpy."""
    scores = np.asarray(scores, float)
    if name == "hard":
        return np.eye(len(scores))[scores.argmax()]
    z = scores / temperature
    if name == "soft":
        return np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    # Sparsemax is the point of the simplex that is nearest: its threshold by bisection.
    low, high = z.min() - 1, z.max()
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(z - middle, 0).sum() > 1 else (low, middle)
    return np.maximum(z - low, 0)


@pytest.mark.parametrize("name", ["hard", "soft", "sparse"])
@pytest.mark.parametrize("temperature", [0.25, 1.0, 5.0])
def test_weights_and_gradients_are_those_of_a_plain_computation(opener, name, temperature):
    made = q06.compute(opener, temperature=temperature)
    scores = np.log([0.8, 0.15, 0.05]) - np.log(0.05)
    assert np.abs(made.data["weights"][name].numpy() - plain(name, scores, temperature)).max() < 1e-9
    small = 1e-6
    moved = [
        (plain(name, scores + small * one, temperature)[0] - plain(name, scores - small * one, temperature)[0]) / (2 * small) for one in np.eye(3)
    ]
    assert np.abs(made.data["gradients"][name].numpy() - moved).max() < 1e-5
    if name == "hard":
        assert moved == [0.0, 0.0, 0.0]


def test_softmax_gives_the_example_of_the_class_and_goes_over_to_the_hard_lookup(opener, result):
    assert np.abs(result.data["weights"]["soft"].numpy() - [0.8, 0.15, 0.05]).max() < 1e-9
    assert result["soft_gradient"] == pytest.approx(np.linalg.norm([0.8 * 0.2, 0.8 * 0.15, 0.8 * 0.05]), abs=1e-9)
    gaps = [np.abs(q06.compute(opener, temperature=t).data["weights"]["soft"].numpy() - [1, 0, 0]).max() for t in (1, 0.5, 0.1, 0.01)]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 1e-6
    assert result["zeros"] == 2 and result["hard_gradient"] == 0


def test_a_key_that_is_not_there_is_found_by_softmax_only(opener):
    made = q06.compute(opener, query="missing")
    assert made.data["weights"]["soft"].tolist() == pytest.approx([1 / 3] * 3)
    assert made.data["weights"]["hard"].tolist() == [0, 0, 0]


def test_gumbel_draws_each_key_as_often_as_softmax_says(opener, result):
    random = np.random.default_rng(1)
    drawn = (np.log([0.8, 0.15, 0.05]) - np.log(-np.log(random.random((20000, 3))))).argmax(axis=1)
    assert result["drawn"] == pytest.approx((drawn == 0).mean(), abs=0.03)
    cold = q06.compute(opener, temperature=0.01).data["weights"]["gumbel"].numpy()
    assert np.abs(cold - [0.8, 0.15, 0.05]).max() < 0.03


def test_the_toy_answers_and_its_map_are_those_of_the_table(opener, result):
    run = runs.load(runs.SHIPPED / "recall")
    batch = run.task.held_out(64)[0]
    with torch.inference_mode():
        answers = run.network(**batch.inputs).logits.argmax(-1)
    right = asked = 0
    for example, target in zip(answers.tolist(), batch.targets.tolist(), strict=True):
        for given, wanted in zip(example, target, strict=True):
            right, asked = right + (wanted >= 0 and given == wanted), asked + (wanted >= 0)
    # Snapshots are kept in half precision.
    assert result["recall"] == pytest.approx(right / asked, abs=0.01)
    toy = result.data["toy"]
    for key, row in zip(toy["asked"], toy["right"], strict=True):
        assert [pair.strip().startswith(f"{key.strip()}=") for pair in toy["pairs"]] == row.tolist()
    assert (toy["map"].argmax(axis=1) == toy["right"].argmax(axis=1)).all()
    first = q06.compute(opener, step=0).data["toy"]
    assert first["accuracy"] < 0.5 < toy["accuracy"] and first["asked"] == toy["asked"]


@pytest.mark.parametrize("name", ["gpt2-mini", "bert-mini"])
def test_asymmetry_is_that_of_the_scores(opener, name):
    """Without positions and biases a score is x^T W_Q^T W_K y: the product is taken from scores of unit vectors."""
    model = opener(name)
    found = q06.compute(opener, model=name).data["asymmetry"]
    module = cutting.head_projections(model.network)[0].module
    width = model.network.config.hidden_size
    zero, each = torch.zeros(1, width, width), torch.eye(width)[None]
    with torch.inference_mode(), attention.attending() as run:
        module(each)
        module(zero)
    query, key = ((one - none)[0, 3].double() for one, none in zip(*[(r.query, r.key) for r in run.records], strict=True))
    product = (query @ key.T).numpy()
    # Of two independent normal matrices the product is as much odd as even: half of its square each.
    assert q06.compute(opener, model=name)["asymmetry_random"] == pytest.approx(0.5**0.5, abs=0.01)
    assert found[0, 3] == pytest.approx(np.linalg.norm((product - product.T) / 2) / np.linalg.norm(product), rel=1e-4)


def test_argmax_learns_nothing_about_its_scores():
    training = q06.begun("hard")
    module = training.network.transformer.stack.layers[0].attention
    before = module.qkv.weight.detach().clone()
    with attention.attending({id(module): (0,)}, changes={0: attention.Change(scale=q06.SHARP)}, record=False):
        training.step()
        training.step()
    width = 2 * module.d_k
    assert torch.equal(module.qkv.weight[:width], before[:width])
    assert not torch.equal(module.qkv.weight[width:], before[width:])


def test_a_fixed_cosine_is_a_cosine():
    training = q06.begun("cosine")
    batch = training.task.held_out(1)[0]
    layer = training.network.transformer.stack.layers[0]
    with torch.no_grad(), attention.attending() as run:
        for weight in training.network.transformer.embedding.parameters():
            weight.mul_(100)  # so that the epsilon of the norm does not count
        training.network.set_attn_implementation(attention.NAME)
        training.network(**batch.inputs)
    x = training.network.transformer.embedding(batch.input_ids)[0]
    x = x - x.mean(-1, keepdim=True)
    cosine = torch.nn.functional.cosine_similarity(x[:, None], x[None], dim=-1)
    scores = run.records[0].scores(0)
    assert layer.attention.heads == 1
    torch.testing.assert_close(scores.tril(), (cosine * layer.attention.d_k**0.5).tril(), rtol=1e-4, atol=1e-4)


def test_shipped_trainings_are_drawn(result):
    kept = shipped.read("q06_dictionary").data
    assert json.dumps(kept["hard"]) == json.dumps(result.data["trained"]["hard"])
    assert kept["moved"] == result["moved"] == 0
    assert kept["hard"][-1][2] < kept["soft"][-1][2]
