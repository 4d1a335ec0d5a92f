"""The recurrent network: the same call as the transformer's, and about its size."""

import pytest
import torch
from transformers import AutoModel

import models
from models.toy import RnnConfig, ToyConfig, ToyModel, ToyRnn
from models.toy.vocabulary import tokenizer

IDS = torch.randint(0, 32, (2, 9), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "switches", [{}, {"causal": False}, {"layers": 4, "d_model": 32, "tie_embeddings": False}, {"ffn": 0, "vocab_size": 200}]
)
def test_about_as_many_parameters(switches):
    config = ToyConfig(**switches)
    made, transformer = ToyRnn(RnnConfig.like(config)), ToyModel(config)
    assert made.num_parameters() == pytest.approx(transformer.num_parameters(), rel=0.05)
    assert made.config.layers == config.layers and made.config.causal == config.causal


def test_one_step_after_the_other_by_hand():
    torch.manual_seed(0)
    made = ToyRnn(RnnConfig(layers=1, d_model=8)).eval()
    cell = torch.nn.GRUCell(8, 8)
    cell.load_state_dict({name.removesuffix("_l0"): t for name, t in made.rnn.state_dict().items()})
    with torch.no_grad():
        state, out = torch.zeros(2, 8), made(IDS, labels=IDS)
        for t in range(9):
            state = cell(made.embedding(IDS[:, t]), state)
            torch.testing.assert_close(out.logits[:, t], state @ made.embedding.weight.T)
    torch.testing.assert_close(out.loss, torch.nn.functional.cross_entropy(out.logits.flatten(0, 1), IDS.flatten()))


@pytest.mark.parametrize("causal", [True, False])
def test_only_without_causal_it_sees_what_comes(causal):
    made = ToyRnn(RnnConfig(causal=causal)).eval()
    changed = IDS.clone()
    changed[:, -1] += 1 - 2 * (changed[:, -1] == 31)
    with torch.no_grad():
        same = torch.equal(made(IDS).logits[:, 0], made(changed).logits[:, 0])
        assert same == causal
        padded = torch.nn.functional.pad(IDS, (0, 4))
        mask = (torch.arange(13) < 9).long().expand(2, 13)
        torch.testing.assert_close(made(padded, attention_mask=mask).logits[:, :9], made(IDS).logits, rtol=0, atol=1e-5)


def test_it_trains_and_comes_back(tmp_path):
    torch.manual_seed(0)
    made = ToyRnn(RnnConfig(dropout=0.1)).train()
    made(IDS, labels=IDS).loss.backward()
    assert all(p.grad.isfinite().all() and p.grad.abs().max() > 0 for p in made.parameters())
    made.save_pretrained(tmp_path)
    back = AutoModel.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        assert type(back) is ToyRnn and torch.equal(back(IDS).logits, made.eval()(IDS).logits)


def test_there_is_no_attention_to_show(tmp_path):
    words = tokenizer(list("abc"))
    ToyRnn(RnnConfig(vocab_size=len(words))).save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    with pytest.raises(models.ModelError, match="no attention to show"):
        models.load(tmp_path, device="cpu")
