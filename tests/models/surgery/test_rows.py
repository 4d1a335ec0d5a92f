"""The last layer for the tokens that are read alone, against the whole network."""

from collections import Counter

import pytest
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from models import attention
from models.opening import sites
from models.surgery.resume import Passed, Runner
from tests import tiny as making
from tests.explorer.tasks.headed import headed
from tests.models.surgery.test_resume import inputs

LEAST = {"opt": 1, "toy_rope": 1}
"""Linear maps after the last attention that are made of fewer tokens: where there are other than three."""


def rows_of(runner: Runner, call) -> Counter:
    """How many tokens each linear map of the runner's network reads within a call."""
    found: Counter = Counter()

    def count(module: nn.Module, args: tuple, _out: object) -> None:
        found[module] += args[0][..., 0].numel()

    hooks = [m.register_forward_hook(count) for m in runner.network.modules() if isinstance(m, nn.Linear | Conv1D)]
    try:
        call()
    finally:
        for hook in hooks:
            hook.remove()
    return found


@pytest.mark.parametrize("name", making.DISPATCHED)
def test_selected_tokens_get_the_logits_of_a_whole_run(tiny, name):
    model = tiny(name)
    given = sites.inputs_for(model.network, **inputs(name))
    runner, kept = Runner(model), Passed()
    shape = given.get("decoder_input_ids", given["input_ids"]).shape
    chosen = torch.zeros(shape, dtype=torch.bool)
    chosen[0, 1] = chosen[0, 2] = chosen[2, 3] = True
    with torch.inference_mode():
        whole = model.network(**given).logits[chosen]
        everything = rows_of(runner, lambda: runner.run(given, kept))
        runner.selected = chosen
        runner.run(given)  # the first time, it is tried whether that is right
        found = []
        fewer = rows_of(runner, lambda: found.append(runner.run(given).logits))
        logits = found[0][0] if runner.did_select else found[0][chosen]
        torch.testing.assert_close(logits, whole, rtol=0, atol=1e-5)
        spared = chosen.numel() - int(chosen.sum())
        # OPT's feed-forward layer takes all tokens of all texts as one row; elsewhere its maps and the output projection are short.
        shorter = [module for module in everything if fewer[module] == everything[module] - spared]
        assert len(shorter) >= LEAST.get(name, 3)
        # Started in the middle, with another head gone in each copy.
        site = model.sites[-1]
        gates = torch.ones(6, site.heads)
        gates[1::2, 0] = 0
        twice = {n: v.repeat_interleave(2, 0) if isinstance(v, torch.Tensor) else v for n, v in given.items()}
        runner.selected = chosen.repeat_interleave(2, 0)
        with attention.attending(runner.sites_of, changes={site.index: attention.Change(gate=gates)}, record=False):
            resumed = runner.resume(runner.call_of[site.index], twice, kept, times=2).logits
        resumed = resumed[0] if runner.did_select else resumed[runner.selected]
        with attention.attending(model.sites_of, changes={site.index: attention.Change(gate=gates[1])}, record=False):
            gated = model.network(**given).logits[chosen]
        torch.testing.assert_close(resumed, torch.cat([whole[:2], gated[:2], whole[2:], gated[2:]]), rtol=0, atol=1e-5)


CLASSIFIERS = {
    **{"bert": ("Bert", "first"), "roberta": ("Roberta", "first"), "distilbert": ("DistilBert", "first"), "electra": ("Electra", "first")},
    **{"gpt2": ("GPT2", "last"), "llama": ("Llama", "last"), "bart": ("Bart", None)},
}
"""Which token of a text a head over it reads; BART looks for its end token."""


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_reads_one_token_of_each_text(name, tmp_path):
    family, which = CLASSIFIERS[name]
    settings = {"vocab_size": 256} if name == "gpt2" else {}
    model = headed(tmp_path, f"{family}ForSequenceClassification", name, num_labels=3, **settings)
    given = sites.inputs_for(model.network, input_ids=inputs(name)["input_ids"])
    if name == "bart":
        given["input_ids"][:, -1] = model.network.config.eos_token_id
    runner, found = Runner(model), []
    with torch.inference_mode():
        whole = model.network(**given).logits
        everything = rows_of(runner, lambda: runner.run(given))
        runner.answer(runner.run, given)
        fewer = rows_of(runner, lambda: found.append(runner.answer(runner.run, given)))
    torch.testing.assert_close(found[0], whole, rtol=0, atol=1e-5)
    spared = sum(everything.values()) - sum(fewer.values())
    assert (spared > 0) == (which is not None)
    assert [name for name, serves in runner._rows._tried.items() if serves] == ([which] if which else [])


def test_a_network_that_reads_other_tokens_too_computes_all(tiny):
    model = tiny("bert")
    runner = Runner(model)

    def mixed(_module: nn.Module, _args: tuple, out: object) -> None:
        # After the last layer no architecture here mixes tokens; somebody's own may.
        out.last_hidden_state = out.last_hidden_state.cumsum(1)

    runner.network.bert.encoder.register_forward_hook(mixed)
    given = inputs("bert")
    with torch.inference_mode():
        expected = runner.run(given).logits[:, -1]
        runner.selected = torch.zeros(given["input_ids"].shape, dtype=torch.bool)
        runner.selected[:, -1] = True
        found = runner.run(given).logits
    assert runner._rows._tried == {"selected": False}
    torch.testing.assert_close(found[0] if runner.did_select else found[:, -1], expected, rtol=0, atol=1e-5)


def test_gradients_and_what_is_kept_are_of_all_tokens(tiny):
    model = tiny("gpt2")
    runner, whole, kept = Runner(model), Passed(), Passed()
    given = sites.inputs_for(model.network, **inputs("gpt2"))
    first = torch.zeros(given["input_ids"].shape, dtype=torch.bool)
    first[:, 0] = True
    with torch.inference_mode():
        runner.run(given, whole)
        runner.selected = first
        runner.run(given)
        runner.run(given, kept)
    for one, other in zip(whole.outputs, kept.outputs, strict=True):
        one, other = (output[0] if isinstance(output, tuple) else output for output in (one, other))
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert rows_of(runner, lambda: runner.run(given).logits.sum().backward()) == rows_of(runner, lambda: runner.run(given, Passed()))
