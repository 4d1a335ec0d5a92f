"""Q9: heads that start alike, measured with plain loops; a few steps are trained again."""

import numpy as np
import pytest
import torch

from explorer.lectures import q09_specialise as q09
from explorer.lectures import shipped
from explorer.lectures.words import read
from models.toy import positions
from models.toy.layers import ToyAttention
from models.training import runs


@pytest.fixture(scope="module")
def result(opener):
    return q09.compute(opener)


def blocks(training):
    """By layer, what belongs to each head: rows of W_Q, W_K, W_V, and columns of W_O."""
    found = []
    for module in training.network.modules():
        if isinstance(module, ToyAttention):
            rows = module.qkv.weight.detach().numpy().reshape(3, q09.HEADS, -1)
            out = module.output.weight.detach().numpy()
            size = out.shape[1] // q09.HEADS
            found.append([(rows[:, head], out[:, head * size : (head + 1) * size]) for head in range(q09.HEADS)])
    return found


@pytest.mark.parametrize("start", ["usual", "identical", "blocks", "dropout"])
def test_heads_begin_as_they_are_called_and_part_at_the_first_step_or_never(start):
    training = q09.begun(start)
    for layer in blocks(training):
        same = [np.array_equal(head[0], layer[0][0]) for head in layer[1:]]
        assert all(same) if start != "usual" else not any(same)
        assert all(np.array_equal(head[1], layer[0][1]) == (start in ("identical", "dropout")) for head in layer[1:])
    training.step()
    apart = max(float(np.abs(head[0] - layer[0][0]).max()) for layer in blocks(training) for head in layer)
    points = np.array(shipped.read("q09_specialise").data[start]["points"])
    assert points[1, 0] == 1 and points[1, 3] == pytest.approx(apart, abs=1e-6)
    assert (apart < 1e-6) == (start == "identical")


def test_measures_are_read_from_the_curves(result):
    kept = shipped.read("q09_specialise").data
    points = {start: np.array(run["points"]) for start, run in kept.items()}
    assert result["identical"] == max(row[i] for row in kept["identical"]["points"] for i in (1, 2, 3)) == 0
    assert result["before"] == 0 < result["first"] == points["blocks"][1, 3]
    assert result["easy"] == points["easy"][-1, 2] < points["usual"][-1, 2]
    assert float(result.said["loss_usual"]) < float(result.said["loss_identical"])
    reached = [next(row[0] for row in kept["usual"]["points"] if row[2] >= share * points["usual"][-1, 2]) for share in (0.1, 0.5, 0.9)]
    assert result.data["stages"] == reached


def test_the_distance_before_training_is_that_of_two_plain_loops():
    training = q09.begun("usual")
    task = training.task
    batch = max(task.held_out(q09._TEXTS), key=len)
    network = training.network.eval()
    attention = network.transformer.stack.layers[0]
    with torch.no_grad():
        x = attention.attention_norm(network.transformer.embedding(batch.input_ids))
        q, k, _v = attention.attention._projected(x, None)
        turn = positions.rotation(x.shape[1], q.shape[-1], network.config.rope_base, 1.0, x.device)
        q, k = (positions.rotated(t, *turn) for t in (q, k))
    n, total = x.shape[1], np.zeros((q09.HEADS, q09.HEADS))
    for example in range(len(x)):
        maps = np.zeros((q09.HEADS, n, n))
        for head in range(q09.HEADS):
            for i in range(n):
                scores = (k[example, head, : i + 1] @ q[example, head, i]).double().numpy() / np.sqrt(q.shape[-1])
                maps[head, i, : i + 1] = np.exp(scores) / np.exp(scores).sum()
        for a in range(q09.HEADS):
            for b in range(q09.HEADS):
                for i in range(1, n):
                    p, r = maps[a, i, : i + 1], maps[b, i, : i + 1]
                    mixed = (p + r) / 2
                    total[a, b] += ((p * np.log(p / mixed)).sum() + (r * np.log(r / mixed)).sum()) / 2
    distance = np.sqrt(np.maximum(total / (len(x) * (n - 1)), 0))
    mean = np.mean([distance[a, b] for a in range(q09.HEADS) for b in range(a)])
    assert shipped.read("q09_specialise").data["usual"]["points"][0][1] == pytest.approx(mean, abs=1e-4)


def test_maps_are_rows_of_weights_and_of_identical_heads_the_same(opener):
    for start in q09.STARTS:
        for step in (0, 100, 400):
            maps = q09.compute(opener, start=start, step=step).data["maps"]
            assert np.abs(maps.sum(axis=-1) - 1).max() < 0.07
            assert (np.ptp(maps, axis=0).max() == 0) == (start == "identical" or (step == 0 and np.ptp(maps, axis=0).max() == 0))
            if start != "easy":
                assert np.triu(maps[0], 1).max() == 0
    assert np.ptp(q09.compute(opener, start="blocks").data["maps"], axis=0).max() > 0.3
    assert q09.compute(opener, start="identical").data["loss"] > q09.compute(opener, start="usual").data["loss"]


def test_names_of_maps_say_a_role_where_there_is_one():
    words = read("q09_specialise", "en")
    roles = {"previous token": np.array([0.9] + [0.1] * 7), "induction": np.array([0.2, 0.8] + [0.1] * 6)}
    assert q09._names(roles, words)[:3] == ["0 previous 0.90", "1 induction 0.80", "2"]


def test_the_gradient_of_a_head_moves_when_the_other_is_silenced(result):
    """Silenced by hand: its columns of W_O are 0."""
    run = runs.load(runs.SHIPPED / "order")
    run.snapshots[q09._EARLY].put_into(run.network)
    batch = max(run.task.held_out(64), key=len)
    module = next(found for found in run.network.modules() if isinstance(found, ToyAttention))
    size, found = module.d_k, []
    for silent in (False, True):
        if silent:
            with torch.no_grad():
                module.output.weight[:, :size] = 0
        run.network.zero_grad()
        run.network(**batch.inputs, labels=batch.targets).loss.backward()
        found.append(module.qkv.weight.grad.reshape(3, 2, size, -1)[:, 1].clone())
    assert result["coupling"] == pytest.approx(float((found[1] - found[0]).norm() / found[0].norm()), rel=1e-3)


def test_packed_numbers_come_back():
    numbers = np.arange(200).reshape(2, 100)
    assert q09.unpacked(q09.packed(numbers)).tolist() == numbers.ravel().tolist()


def test_dropout_parts_heads_that_begin_alike(result, opener):
    """The distance after the last step, from the rows as they are in the file: step, both layers, weights, loss."""
    rows = shipped.read("q09_specialise").data["dropout"]["points"]
    for layer in (0, 1):
        first, last = (next(row for row in rows if row[0] == step) for step in (0, 400))
        made = q09.compute(opener, layer=layer)
        assert first[1 + layer] == 0 < made["dropout"] == last[1 + layer]
    assert result["dropout"] == made["dropout"] > result["identical"]
