"""The figures on held-out text, against loops that read one window, one token and eager attention at a time."""

import math

import pytest
import torch
import transformers

import models
from models.errors import InputError
from models.training import held_out, pieces

TEXT = "the cat sat on the mat , and the cat was warm .\nthe dog sat on the cat .\n" * 4
CONTEXT = 16


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A random model of each kind with the tokenizers of the real ones."""
    found = {}
    bpe = pieces.merges([TEXT], 280)
    torch.manual_seed(0)
    for name in ("gpt2", "bert"):
        tokenizer = (pieces.for_gpt2 if name == "gpt2" else pieces.for_bert)(bpe, CONTEXT)
        if name == "gpt2":
            config = transformers.GPT2Config(vocab_size=len(tokenizer), n_positions=CONTEXT, n_embd=16, n_layer=2, n_head=2, bos_token_id=280)
            network = transformers.GPT2LMHeadModel(config)
        else:
            config = transformers.BertConfig(
                **dict(vocab_size=len(tokenizer), max_position_embeddings=CONTEXT, hidden_size=16),
                **dict(num_hidden_layers=2, num_attention_heads=2, intermediate_size=32),
            )
            network = transformers.BertForMaskedLM(config)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.5)  # far from uniform, so that a wrong target shows
        folder = tmp_path_factory.mktemp(name)
        network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        found[name] = models.load(folder, device="cpu", dtype="float32")
    return found


@pytest.mark.parametrize("pieces_of_text", [0.02, 0.1, 0.25])
def test_bits_per_byte_equal_a_loop_over_tokens(opened, pieces_of_text):
    model = opened["gpt2"]
    text = TEXT[: int(len(TEXT) * pieces_of_text)] + " é🙂"
    ids = [model.tokenizer.bos_token_id, *model.tokenizer(text)["input_ids"]]
    half, nats = CONTEXT // 2, 0.0
    for target in range(1, len(ids)):
        # The window that counts this token: the first one, or the one in whose second half it stands.
        start = 0 if target <= CONTEXT else half * ((target - 1) // half - 1)
        with torch.inference_mode():
            logits = model.network(torch.tensor([ids[start:target]])).logits[0, -1].double()
        nats -= torch.log_softmax(logits, -1)[ids[target]].item()
        assert target <= CONTEXT or target - start > half
    assert held_out.bits_per_byte(model, text) == pytest.approx(nats / math.log(2) / len(text.encode("utf-8")), rel=1e-5)


def test_a_model_that_knows_nothing_needs_the_logarithm_of_its_vocabulary(opened):
    model = opened["gpt2"]
    embedding = model.network.lm_head.weight
    kept = embedding.detach().clone()
    with torch.no_grad():
        embedding.zero_()
    found = held_out.bits_per_byte(model, TEXT)
    with torch.no_grad():
        embedding.copy_(kept)
    tokens = len(model.tokenizer(TEXT)["input_ids"])
    assert found == pytest.approx(tokens * math.log2(len(model.tokenizer)) / len(TEXT), rel=1e-5)


def test_masked_accuracy_equals_a_loop_over_pieces(opened):
    model = opened["bert"]
    tokenizer = model.tokenizer
    ids = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    hidden = (torch.rand(len(ids), generator=torch.Generator().manual_seed(5)) < 0.3).tolist()
    right = 0
    for start in range(0, len(ids), CONTEXT - 2):
        piece = range(start, min(start + CONTEXT - 2, len(ids)))
        shown = [tokenizer.cls_token_id, *(tokenizer.mask_token_id if hidden[i] else ids[i] for i in piece), tokenizer.sep_token_id]
        with torch.inference_mode():
            guesses = model.network(torch.tensor([shown])).logits[0].argmax(-1).tolist()
        right += sum(hidden[i] and guesses[1 + n] == ids[i] for n, i in enumerate(piece))
    assert held_out.masked_accuracy(model, TEXT, share=0.3, seed=5) == (right, sum(hidden))


def test_a_model_that_always_guesses_one_token_is_right_as_often_as_it_occurs(opened):
    model = opened["bert"]
    the = model.tokenizer(" the", add_special_tokens=False)["input_ids"][0]
    bias = model.network.cls.predictions.decoder.bias
    kept = bias.detach().clone()
    with torch.no_grad():
        bias[the] += 1e6
    found = held_out.masked_accuracy(model, TEXT)
    with torch.no_grad():
        bias.copy_(kept)
    ids = torch.tensor(model.tokenizer(TEXT, add_special_tokens=False)["input_ids"])
    hidden = torch.rand(len(ids), generator=torch.Generator().manual_seed(0)) < 0.15
    assert found == (int((ids[hidden] == the).sum()), int(hidden.sum())) and found[0] > 0


@pytest.mark.parametrize("name", ["gpt2", "bert"])
def test_scores_of_heads_equal_those_of_eager_attention(opened, name):
    model = opened[name]
    eager = type(model.network).from_pretrained(model.origin.removeprefix("folder "), attn_implementation="eager")
    n, seeds = CONTEXT // 2, 3
    ordinary = [i for i in range(len(model.tokenizer)) if i not in model.tokenizer.all_special_ids]
    induction, previous = torch.zeros(2, 2), torch.zeros(2, 2)
    for seed in range(seeds):
        drawn = torch.randint(len(ordinary), (n,), generator=torch.Generator().manual_seed(seed))
        ids = torch.tensor([[ordinary[i] for i in drawn] * 2])
        with torch.inference_mode():
            weights = eager.base_model(ids, output_attentions=True).attentions
        for layer in range(2):
            for head in range(2):
                w = weights[layer][0, head]
                induction[layer, head] += sum(w[i, i - n + 1] for i in range(n, 2 * n)) / n / seeds
                previous[layer, head] += sum(w[i, i - 1] for i in range(1, 2 * n)) / (2 * n - 1) / seeds
    # 40 tokens twice are more than the context holds, so half of it is taken.
    assert torch.allclose(held_out.induction(model, seeds=seeds), induction, atol=1e-5)
    assert torch.allclose(held_out.previous_token(model, seeds=seeds), previous, atol=1e-5)


def test_an_empty_text_is_told_in_words(opened):
    for figure, name in ((held_out.bits_per_byte, "gpt2"), (held_out.masked_accuracy, "bert")):
        with pytest.raises(InputError, match="empty"):
            figure(opened[name], "")
