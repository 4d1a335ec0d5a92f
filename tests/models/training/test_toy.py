"""Training: the seed decides to the bit, stopping changes nothing, and the figures are those of a plain loop."""

import pytest
import torch
from torch import nn
from transformers import AutoModel

from models import InputError, ModelError
from models.toy import RnnConfig
from models.toy.tasks import make
from models.training.settings import Settings
from models.training.toy import State, Training, configure

SMALL = {"layers": 2, "heads": 2, "d_model": 16, "ffn": 1.0}


def training(name="copying", steps=10, config=None, settings=None, **task):
    made = make(name, {"length": 4} | task if name == "copying" else task)
    return Training(made, configure(made, **SMALL | (config or {})), Settings(steps=steps, batch=8, warm_up=2, **settings or {}))


def ran(run, steps=None):
    for _ in range(run.settings.steps - run.done if steps is None else steps):
        run.step()
    return run


def same(a, b):
    """Whether two runs are equal to the bit, but for the time that they took."""
    tensors, others = a.state(), b.state()
    assert tensors.tensors.keys() == others.tensors.keys()
    for name, tensor in tensors.tensors.items():
        assert torch.equal(tensor, others.tensors[name]), name
    for mine, theirs in zip(a.history, b.history, strict=True):
        assert vars(mine) | {"seconds": 0} == vars(theirs) | {"seconds": 0}
    assert [s.evaluation for s in a.snapshots] == [s.evaluation for s in b.snapshots]
    return True


@pytest.mark.parametrize("dropout", [0.0, 0.2])
@pytest.mark.parametrize("name", ["copying", "order", "translation"])
def test_the_same_seed_gives_the_same_run_to_the_bit(name, dropout):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = ran(training(name, steps=6, config={"dropout": dropout}))
    assert torch.equal(torch.get_rng_state(), before), "torch's own generator was touched"
    torch.manual_seed(2)
    assert same(one, ran(training(name, steps=6, config={"dropout": dropout})))
    other = ran(training(name, steps=6, config={"dropout": dropout}, settings={"seed": 1}))
    assert one.history[-1].loss != other.history[-1].loss
    assert not torch.equal(*(next(run.network.parameters()) for run in (one, other)))


@pytest.mark.parametrize("stops", [(0,), (5,), (3, 7)])
def test_stopping_and_going_on_gives_the_uninterrupted_run_to_the_bit(tmp_path, stops):
    whole = ran(training(config={"dropout": 0.1}, settings={"weight_decay": 0.1}))
    run, at = training(config={"dropout": 0.1}, settings={"weight_decay": 0.1}), 0
    for stop in stops:
        ran(run, stop - at)
        run.state().write(tmp_path / "state.safetensors")
        run, at = Training.resume(State.read(tmp_path / "state.safetensors")), stop
        assert run.done == stop
    assert same(whole, ran(run)) and run.seconds > 0 and not list(tmp_path.glob("*.partial"))


def test_a_state_is_a_copy():
    run = training()
    state = run.state()
    ran(run)
    assert same(run, ran(Training.resume(state)))


def test_one_step_is_that_of_a_plain_loop():
    run = training(settings={"weight_decay": 0.1, "clip": 0.5, "learning_rate": 0.01})
    network = AutoModel.from_config(run.config)
    network.load_state_dict(run.network.state_dict())
    draws = torch.Generator().manual_seed(run.settings.seed)
    decayed = {name for name, w in network.named_parameters() if w.dim() > 1}
    optimizer = torch.optim.AdamW(
        [{"params": [w], "weight_decay": 0.1 if name in decayed else 0.0} for name, w in network.named_parameters()], betas=(0.9, 0.98)
    )
    for step in range(3):
        metrics = run.step()
        batch = run.task.batch(8, draws)
        output = network(batch.input_ids, labels=batch.targets)
        output.loss.backward()
        asked = batch.targets != -100
        assert metrics.step == step + 1 and metrics.loss == pytest.approx(output.loss.item(), rel=1e-5)
        assert metrics.accuracy == pytest.approx((output.logits.argmax(-1) == batch.targets)[asked].float().mean().item())
        squares = dict.fromkeys(("rest", "layer 0", "layer 1"), 0.0)
        for name, weight in network.named_parameters():
            layer = next((f"layer {i}" for i in range(2) if f".layers.{i}." in name), "rest")
            squares[layer] += weight.grad.square().sum().item()
        assert metrics.gradient_norm == pytest.approx({name: square**0.5 for name, square in squares.items()}, rel=1e-4)
        nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * min((step + 1) / 3, (10 - step) / 8)
        optimizer.step()
        optimizer.zero_grad()
        for (name, mine), theirs in zip(run.network.named_parameters(), network.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5, msg=name)


def test_an_encoder_decoder_has_layers_on_both_sides():
    metrics = training("translation").step()
    assert set(metrics.gradient_norm) == {"rest", "encoder 0", "encoder 1", "decoder 0", "decoder 1"}
    assert all(norm > 0 for norm in metrics.gradient_norm.values())


def test_snapshots_are_the_weights_of_their_step():
    run = training(settings={"snapshot_every": 4})
    seen = {}
    while not run.finished:
        seen[run.done] = {name: weight.detach().half() for name, weight in run.network.named_parameters()}
        run.step()
    assert [snapshot.step for snapshot in run.snapshots] == [0, 4, 8, 10]
    for snapshot in run.snapshots[:-1]:
        assert all(torch.equal(weight, seen[snapshot.step][name]) for name, weight in snapshot.weights.items())
    assert run.snapshots[0].weights.keys() == seen[0].keys()
    with pytest.raises(ValueError, match="all 10 steps"):
        run.step()


def test_a_long_run_keeps_some_of_its_steps():
    run = training(steps=1500, length=2, n_symbols=6)
    ran(run, 9)
    assert [metrics.step for metrics in run.history] == [3, 6, 9]


def test_identical_heads_stay_identical():
    run = ran(training(config={"identical_heads": True, "heads": 2, "positions": "rope"}))
    for layer in run.network.transformer.stack.layers:
        one, other = layer.attention.qkv.weight.unflatten(0, (3, 2, -1)).unbind(1)
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_a_recurrent_network_learns_in_the_same_way():
    task = make("majority", {"length": 9})
    config = RnnConfig.like(configure(task, layers=1, d_model=16, ffn=0))
    run = ran(Training(task, config, Settings(steps=30, learning_rate=0.02, warm_up=5)))
    assert run.history[-1].loss < 0.6 * run.history[0].loss
    assert same(run, ran(Training.resume(ran(Training(task, config, run.settings), 10).state())))
    with pytest.raises(ModelError, match="no attention"):
        run.model()


@pytest.mark.parametrize(
    ("name", "switches", "said"),
    [
        ("copying", {"causal": False}, "reads the answers off"),
        ("copying", {"vocab_size": 5}, "knows 5 tokens"),
        ("copying", {"encoder_decoder": True, "decoder_start_token_id": 0}, "a task for decoders"),
        ("translation", {"encoder_decoder": False}, "a task for encoder-decoders"),
        ("induction", {"max_length": 10}, "10 positions"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(name, switches, said):
    task = make(name)
    with pytest.raises(InputError, match=said):
        Training(task, configure(task, **switches), Settings())


def test_a_loss_that_is_no_number_is_said():
    run = training()
    with torch.no_grad():
        next(run.network.parameters()).fill_(float("nan"))
    with pytest.raises(ModelError, match="After 1 steps the loss"):
        run.step()


def test_a_broken_state_is_explained(tmp_path):
    (tmp_path / "broken").write_bytes(b"no tensors")
    for file in ("broken", "missing"):
        with pytest.raises(ModelError, match="cannot be read"):
            State.read(tmp_path / file)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_learns_the_same_examples():
    cpu, gpu = training(), None
    gpu = Training(cpu.task, cpu.config, cpu.settings, "cuda")
    ran(cpu), ran(gpu)
    assert gpu.history[0].loss == pytest.approx(cpu.history[0].loss, rel=1e-3)
    assert same(gpu, ran(Training.resume(ran(Training(cpu.task, cpu.config, cpu.settings, "cuda"), 5).state(), "cuda")))
