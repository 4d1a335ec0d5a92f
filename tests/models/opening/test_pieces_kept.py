"""What becomes of a network whose feed-forward layers read in pieces: in half precision, split, cut, copied, trained, pickled, saved."""

import io
import pickle

import pytest
import torch
import transformers

import models
from models.attention import heap
from models.opening import pieces
from models.surgery import slicing
from models.surgery.private import private
from tests import tiny
from tests.models.opening.test_pieces import WIDTH, calls, read


@pytest.fixture
def always(monkeypatch):
    """Every text is a very long one, and two tokens are a piece."""
    monkeypatch.setattr(heap, "LONG", 0)
    monkeypatch.setattr(pieces, "_PIECE_BYTES", heap.widest(2, WIDTH))


@pytest.fixture
def gpt2(always):
    network = tiny.network("gpt2").eval()
    assert pieces.prepare(network) == 2
    return network


def inner(network: torch.nn.Module) -> torch.nn.Module:
    return network.transformer.h[0].mlp.c_fc


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(monkeypatch, dtype):
    network = tiny.network("gpt2").eval().to(dtype)
    whole = read(network)
    monkeypatch.setattr(heap, "LONG", 0)
    monkeypatch.setattr(pieces, "_PIECE_BYTES", heap.widest(2, WIDTH))
    pieces.prepare(network)
    found = read(network)
    assert found.dtype == dtype and calls(inner(network), network, 7) == [2, 2, 2, 1]
    torch.testing.assert_close(found, whole, rtol=2e-2, atol=2e-2)


@pytest.mark.filterwarnings("ignore:The following device_map keys")
@pytest.mark.parametrize("name", ["gpt2", "llama", "t5"])
def test_split_over_memory_and_disk(name, tmp_path, always):
    tiny.save(name, tmp_path)
    whole = models.load(tmp_path, "cpu", "float32")
    room = int(0.5 * sum(weight.nbytes for weight in whole.network.parameters()))
    parted = models.load(tmp_path, "split", "float32", room={"cpu": room})
    assert parted.notes[-1].values["disk"] > 0
    assert any(isinstance(module, pieces._Pieces) for module in parted.network.modules())
    torch.testing.assert_close(read(parted.network), read(whole.network), rtol=1e-5, atol=1e-5)


def test_an_accelerator_reads_whole(gpt2):
    """Weights that rest elsewhere are sent to it each time that a matrix is used."""
    layer, found = gpt2.transformer.h[0].mlp.to("meta"), []
    layer.c_fc.register_forward_hook(lambda _module, args, _output: found.append(args[0].shape[1]))
    with torch.no_grad():
        assert layer(torch.empty(1, 9, WIDTH, device="meta")).shape == (1, 9, WIDTH)
    assert found == [9]


def test_what_learns_is_read_whole_also_where_nobody_asks_for_gradients(gpt2):
    """Checkpoints run a layer without gradients first, and once more with them: both have to draw the same dropout."""
    assert calls(inner(gpt2.train()), gpt2, 7) == [7]
    assert calls(inner(gpt2.eval()), gpt2, 7) == [2, 2, 2, 1]


def test_it_learns_as_any_other(gpt2):
    torch.manual_seed(1)
    plain = tiny.network("gpt2")
    plain.load_state_dict(gpt2.state_dict())
    ids = torch.arange(6, 13)[None]
    for network in (gpt2, plain):
        network.train()
        network.config.use_cache = False
        network.gradient_checkpointing_enable({"use_reentrant": True})
        step = torch.optim.SGD(network.parameters(), 0.1)
        for _ in range(2):
            torch.manual_seed(2)
            step.zero_grad()
            network(input_ids=ids, labels=ids).loss.backward()
            step.step()
    for (name, one), other in zip(gpt2.named_parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other, msg=name)


@pytest.mark.parametrize("way", ["pickle", "torch"])
def test_a_pickled_network_comes_back_and_reads_in_pieces(gpt2, way):
    if way == "pickle":
        again = pickle.loads(pickle.dumps(gpt2))
    else:
        file = io.BytesIO()
        torch.save(gpt2, file)
        file.seek(0)
        again = torch.load(file, weights_only=False)
    assert torch.equal(read(again), read(gpt2)) and calls(inner(again), again, 7) == [2, 2, 2, 1]
    with torch.no_grad():
        inner(again).weight.zero_()
    assert not torch.allclose(read(again), read(gpt2))


def test_a_saved_network_is_any_other(gpt2, tmp_path):
    gpt2.save_pretrained(tmp_path)
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    assert type(again.transformer.h[0].mlp) is type(gpt2.transformer.h[0].mlp).__bases__[1]
    torch.testing.assert_close(read(again), read(gpt2))


def test_heads_cut_out_and_a_copy_of_ones_own(tmp_path, monkeypatch, always):
    tiny.save("gpt2", tmp_path / "model")
    model = models.load(tmp_path / "model", device="cpu")
    slicing.export_sliced(model, {0: [1], 1: [0]}, tmp_path / "cut")
    for cut in (slicing.sliced(model, {0: [1], 1: [0]}), models.load(tmp_path / "cut", device="cpu")):
        assert calls(inner(cut.network), cut.network, 7) == [2, 2, 2, 1]
        in_pieces = read(cut.network)
        with monkeypatch.context() as longer:
            longer.setattr(heap, "LONG", 2**30)
            torch.testing.assert_close(in_pieces, read(cut.network), rtol=1e-5, atol=1e-5)
        assert not torch.allclose(in_pieces, read(model.network))
    copied = private(model.network)
    assert torch.equal(read(copied), read(model.network)) and inner(copied).weight is inner(model.network).weight
    # A hook on the layer itself is called once, with the whole, and what it puts there goes on.
    seen = []
    copied.transformer.h[0].mlp.register_forward_hook(lambda _module, _args, output: (seen.append(output.shape[1]), torch.zeros_like(output))[1])
    assert not torch.allclose(read(copied), read(model.network)) and seen == [7]
