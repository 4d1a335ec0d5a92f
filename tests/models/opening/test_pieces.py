"""Feed-forward layers in pieces: the same numbers for every family, weights of their own in a copy, and less memory of a long text."""

import copy

import pytest
import torch

import explorer
import models
from models.attention import heap
from models.opening import pieces, sites
from tests import families, tiny

OPENED = [name for name, family in families.FAMILIES.items() if not family.refused]
IN_PIECES = {"gpt2", "llama", "gpt-neox", "gpt-neo", "modernbert", "gemma2", "qwen3", "t5"}
"""Some whose layers surely are known."""
WIDTH = 24


@pytest.fixture
def always(monkeypatch):
    """Every text is a very long one, and two tokens are a piece."""
    monkeypatch.setattr(heap, "LONG", 0)
    monkeypatch.setattr(pieces, "_PIECE_BYTES", heap.widest(2, WIDTH))


def read(network: torch.nn.Module, n: int = 7) -> torch.Tensor:
    ids = torch.arange(6, 6 + n)[None]
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if network.config.is_encoder_decoder:
        given["decoder_input_ids"] = ids
    with torch.inference_mode():
        return network.base_model(**sites.inputs_for(network, **given), return_dict=True)[0]


@pytest.mark.parametrize("name", OPENED)
def test_pieces_give_what_the_whole_gives(name, always):
    torch.manual_seed(0)
    network = families.FAMILIES[name].make().eval()
    whole = read(network)
    prepared = pieces.prepare(network)
    assert prepared or name not in IN_PIECES
    torch.testing.assert_close(read(network), whole, rtol=1e-5, atol=1e-5)
    assert not pieces.prepare(network)  # once is enough


def calls(module: torch.nn.Module, network: torch.nn.Module, n: int) -> list[int]:
    """Of how many tokens a part of a layer was given, each time."""
    found: list[int] = []
    handle = module.register_forward_hook(lambda _module, args, _output: found.append(args[0].shape[1]))
    read(network, n)
    handle.remove()
    return found


def test_only_very_long_texts_are_read_in_pieces(monkeypatch):
    network = tiny.network("gpt2").eval()
    assert pieces.prepare(network) == 2
    inner = network.transformer.h[0].mlp.c_fc
    monkeypatch.setattr(pieces, "_PIECE_BYTES", heap.widest(3, WIDTH))
    assert calls(inner, network, 8) == [8]
    monkeypatch.setattr(heap, "LONG", heap.widest(7, WIDTH))
    assert calls(inner, network, 7) == [7]
    assert calls(inner, network, 8) == [3, 3, 2]
    # What learns is read whole: a graph of pieces would hold all of them anyway.
    network(input_ids=torch.arange(6, 14)[None]).logits.sum().backward()
    assert inner.weight.grad is not None


def test_a_copy_has_weights_of_its_own(always):
    network = tiny.network("gpt2").eval()
    pieces.prepare(network)
    before, copied = read(network), copy.deepcopy(network)
    assert torch.equal(read(copied), before)
    with torch.no_grad():
        for weights in copied.transformer.h[0].mlp.parameters():
            weights.zero_()
    assert not torch.allclose(read(copied), before) and torch.equal(read(network), before)
    assert type(copied.transformer.h[0].mlp).__name__ == "GPT2MLP"


def test_a_model_that_is_opened_is_prepared(tmp_path, always):
    tiny.save("gpt2", tmp_path)
    model = models.load(tmp_path, device="cpu")
    assert calls(model.network.transformer.h[0].mlp.c_fc, model.network, 7) == [2, 2, 2, 1]
    captured = explorer.capture(model, "the cat sat on the mat")
    eager = type(model.network).from_pretrained(tmp_path, attn_implementation="eager").eval()
    with torch.no_grad():
        weights = eager(input_ids=torch.tensor([captured.source.ids]), output_attentions=True).attentions
    for layer, of in enumerate(weights):
        torch.testing.assert_close(torch.from_numpy(captured.patterns(layer)), of[0], rtol=0, atol=1e-5)


def test_layers_that_are_more_than_matrices_are_left_alone():
    class Choosing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate, self.experts = torch.nn.Linear(4, 2), torch.nn.Parameter(torch.ones(2, 4, 4))

    block = torch.nn.ModuleDict({"mlp": Choosing(), "attn": torch.nn.Linear(4, 4)})
    assert pieces.prepare(block) == 0
