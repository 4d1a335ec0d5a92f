"""Q24d: sums in plain Python, an edit made by numpy, and heads taken from another text by hooks on transformers' own model."""

import numpy as np
import pytest
import torch
from scipy.stats import rankdata
from transformers import AutoModelForCausalLM

from explorer.lectures import edits, q24d_further, scratch, shipped
from explorer.lectures.demo import Result
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models import InputError
from models.opening import catalogue
from models.seeded import seeded
from models.toy import ToyConfig, ToyModel

DEMO = demo("Q24d")


def eager():
    folder = catalogue.bundled_folder("gpt2-mini")
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()


def test_steps_are_the_partial_sums():
    drawn, partial = scratch.sums(40, 5, torch.Generator().manual_seed(0))
    for row, steps in zip(drawn.tolist(), partial.tolist(), strict=True):
        assert steps == [sum(row[: i + 1]) % 10 for i in range(5)]
    assert scratch.written(drawn, partial, "steps")[3].tolist() == [*drawn[3].tolist(), 10, *partial[3].tolist()]
    assert scratch.written(drawn, partial, "direct")[3].tolist() == [*drawn[3].tolist(), 10, partial[3, -1].item()]


class Knows(torch.nn.Module):
    """Writes the right partial sums, and a wrong answer for every sum that begins with a 3."""

    def forward(self, input_ids):
        logits = torch.zeros(*input_ids.shape, 11)
        for i, row in enumerate(input_ids.tolist()):
            digits, steps = row[: row.index(10)], row[row.index(10) + 1 :]
            logits[i, -1, (sum(digits[: len(steps) + 1]) + (digits[0] == 3)) % 10] = 1
        return type("Output", (), {"logits": logits})


def test_accuracy_is_of_what_the_network_writes_itself():
    drawn, _partial = scratch.sums(scratch.TESTED, 3, torch.Generator().manual_seed(25))
    assert scratch.accuracy(Knows(), "steps", 3) == pytest.approx(float((drawn[:, 0] != 3).float().mean()))


def test_a_run_reports_and_gives_a_share(monkeypatch):
    monkeypatch.setattr(scratch, "STEPS", 3)
    monkeypatch.setattr(scratch, "TESTED", 20)
    told = []
    made = q24d_further.make(told.append)
    assert [len(made["by_digits"][way]) for way in scratch.WAYS] == [len(scratch.DIGITS)] * 2 and len(made["by_examples"]) == len(
        scratch.EXAMPLES
    )
    assert told == sorted(told) and told[-1] == pytest.approx(1)


@pytest.mark.parametrize("layer", [1, 4])
def test_an_edit_is_one_outer_product_that_makes_the_fact_likely(opener, layer):
    """The change is seen by a hook that the private copy inherits; the model itself keeps its matrix."""
    model = opener("gpt2-mini")
    matrix = model.network.transformer.h[layer].mlp.c_proj
    before, seen = matrix.weight.detach().clone(), []
    handle = model.network.register_forward_pre_hook(
        lambda network, _inputs: seen.append(network.transformer.h[layer].mlp.c_proj.weight.detach())
    )
    try:
        found = edits.edited(model, layer)
    finally:
        handle.remove()
    assert torch.equal(matrix.weight, before)
    change = next(one for one in reversed(seen) if not torch.equal(one, before)) - before
    values = np.linalg.svd(change.numpy(), compute_uv=False)
    assert values[1] < 1e-4 * values[0] and found.rank == 1
    assert found.relative == pytest.approx(float(np.linalg.norm(change) / np.linalg.norm(before)), rel=1e-4)
    network, tokenizer = eager(), model.tokenizer
    target = tokenizer(edits.TARGET)["input_ids"][0]
    with torch.no_grad():
        for changed, probability in ((False, found.before), (True, found.after)):
            if changed:
                network.transformer.h[layer].mlp.c_proj.weight += change
            says = [network(torch.tensor([tokenizer(text)["input_ids"]])).logits[0, -1].softmax(-1) for text in (edits.PROMPT, *edits.NEIGHBOURS)]
            assert float(says[0][target]) == pytest.approx(probability, rel=1e-3)
            for row, one in zip(found.others, says[1:], strict=True):
                assert tokenizer.decode(int(one.argmax())) == row[int(changed)]
    assert found.after > 10 * found.before


def test_what_a_head_causes_is_what_hooks_say(opener):
    model, network = opener("gpt2-mini"), eager()
    found = edits.causes(model)
    clean, other = (torch.tensor([model.tokenizer(text)["input_ids"]]) for text in edits.TOLD)
    at = int((clean != other).nonzero()[0, 1])
    width = network.config.n_embd // network.config.n_head
    kept = {}

    def difference(ids, hooks=()):
        handles = [network.transformer.h[layer].attn.c_proj.register_forward_pre_hook(hook) for layer, hook in hooks]
        with torch.no_grad():
            output = network(ids, output_attentions=True)
        for handle in handles:
            handle.remove()
        logits = output.logits[0, -1]
        return float(logits[clean[0, at]] - logits[other[0, at]]), output.attentions

    def keep(layer):
        return layer, lambda _module, inputs: kept.__setitem__(layer, inputs[0].clone())

    def put(layer, heads):
        def hook(_module, inputs):
            changed = inputs[0].clone()
            for head in heads:
                changed[..., head * width : (head + 1) * width] = kept[layer][..., head * width : (head + 1) * width]
            return (changed,)

        return layer, hook

    base, maps = difference(clean)
    difference(other, [keep(layer) for layer in range(network.config.n_layer)])
    assert found.whole[0] == pytest.approx(base, abs=1e-4)
    for layer, head in ((0, 1), (3, 6), (5, 4), (2, 0)):
        assert found.effect[layer, head] == pytest.approx(base - difference(clean, [put(layer, [head])])[0], abs=1e-3)
        assert found.weight[layer, head] == pytest.approx(float(maps[layer][0, head, -1, at]), abs=1e-5)
    left, _maps = difference(clean, [put(layer, range(network.config.n_head)) for layer in range(network.config.n_layer)])
    assert found.whole[1] == pytest.approx(left, abs=1e-3)


def test_the_correlation_is_that_of_ranks(opener):
    found = q24d_further.causes(opener("gpt2-mini"))
    ranks = [rankdata(values.ravel()) for values in (found.weight, found.effect)]
    assert DEMO.compute(opener)["correlation"] == pytest.approx(np.corrcoef(*ranks)[0, 1])


def test_an_encoder_is_refused(opener):
    for does in (edits.causes, lambda model: edits.edited(model, 0)):
        with pytest.raises(InputError):
            does(opener("all-MiniLM-L6-v2"))


@pytest.mark.parametrize("digits", scratch.DIGITS)
def test_what_is_shipped_is_read_and_drawn(opener, digits):
    kept, words = shipped.read("q24d_further").data, read("q24d_further", "en")
    result = DEMO.compute(opener, digits=digits)
    at = scratch.DIGITS.index(digits)
    assert (result["with_steps"], result["direct"]) == tuple(kept["by_digits"][way][at] for way in scratch.WAYS)
    drawn = DEMO.pictures(result, words, False)
    assert drawn[0].tables["rules"]["x"].tolist() == [digits]
    asked = drawn[1].tables["cells"]["text"].tolist()
    row = next(text for text in asked if text.count(" ") == digits - 1 and text.replace(" ", "").isdigit())
    assert str(sum(map(int, row.split())) % 10) in asked


@pytest.mark.thorough
def test_a_shipped_number_can_be_had_again():
    """The quickest of them: two digits, the answer at once."""
    kept = shipped.read("q24d_further").data["by_digits"]["direct"][0]
    assert scratch.trained("direct", 2, lambda share: None) == pytest.approx(kept, abs=0.03)


def test_the_toy_sees_no_digit_ahead():
    with seeded(1):
        network = ToyModel(ToyConfig(vocab_size=11, layers=2, heads=4, d_model=64, ffn=4.0, max_length=17, tie_embeddings=False)).eval()
    tokens = torch.randint(10, (1, 9))
    other = tokens.clone()
    other[0, 5] = (tokens[0, 5] + 1) % 10
    with torch.no_grad():
        moved = (network(input_ids=tokens).logits - network(input_ids=other).logits).abs().amax(dim=(0, 2))
    assert moved[:5].max() < 1e-6 < moved[5:].min()


@pytest.mark.parametrize(("asked", "letter"), [((0.5, 0.52), "A"), ((1.0, 0.1), "B"), ((0.2, 0.6), "C")])
def test_the_measurement_decides_which_option_is_right(asked, letter):
    assert DEMO.right(Result((), {"asked": asked})) == letter


def test_what_is_shipped_of_the_reader_is_what_it_does_here(opener):
    model = opener("gpt2-mini")
    for layer in (0, 3):
        kept, found = q24d_further.edited(model, layer), edits.edited(model, layer)
        assert (kept.before, kept.after) == pytest.approx((found.before, found.after), rel=1e-2)
        assert [row[:2] for row in kept.others] == [row[:2] for row in found.others] and kept.rank == found.rank == 1
    kept, found = q24d_further.causes(model), edits.causes(model)
    assert np.allclose(kept.effect, found.effect, atol=1e-3) and np.allclose(kept.weight, found.weight, atol=1e-4)
    assert kept.whole == pytest.approx(found.whole, abs=1e-3) and kept.words == found.words
