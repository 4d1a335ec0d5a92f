"""The hub's most used families, tiny: opened right, view-only right, or refused in words; and the table of the README that says so."""

from functools import lru_cache

import numpy as np
import pytest
import torch
import transformers

import explorer
import models
from benchmarks import operations
from explorer.ablation import heads
from explorer.ablation.results import TaskResults
from explorer.capture import capture_ids
from explorer.generate import generate
from explorer.tasks import choose, data
from models import attention
from models.opening import own_attention, sites
from tests import ROOT, families, matrix, tiny

TEXT = "the cat sat on the mat because it was warm"
OPENED = [name for name, family in families.FAMILIES.items() if not family.refused]
HALF = ["modernbert", "deberta-v2", "xlnet", "gpt-neox", "bloom", "gemma2", "qwen3", "gpt-oss", "m2m100"]
"""Families that differ most from those that `tests.tiny` makes and other tests try in half precision each time."""
WHOLE = [name for name in OPENED if not families.FAMILIES[name].view_only]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Loads a family's model, in float32 or in half precision; each is made once."""

    @lru_cache
    def load(name: str, dtype: str = "float32") -> models.Model:
        folder = tmp_path_factory.mktemp(name)
        return models.load(families.save(name, folder), device="cpu", dtype=dtype)

    return load


def given(model: models.Model, n: int | None = None) -> dict[str, torch.Tensor]:
    ids = model.tokenizer(TEXT)["input_ids"]
    ids = ids if n is None else [6 + i % 20 for i in range(n)]
    made = {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}
    if model.kind == "encoder-decoder":
        made["decoder_input_ids"] = made["input_ids"]
    return sites.inputs_for(model.network, **made)


@pytest.mark.parametrize("name", OPENED)
def test_patterns_are_those_of_the_network_s_own_code(opened, name):
    model = opened(name)
    target = {"target": TEXT} if model.kind == "encoder-decoder" else {}
    captured = explorer.capture(model, TEXT, **target)
    assert bool(model.view_only) == families.FAMILIES[name].view_only, model.view_only
    inputs = captured.source.inputs(model.device)
    if model.kind == "encoder-decoder":
        inputs["decoder_input_ids"] = torch.tensor([captured.sides["decoder"].ids])
    own_attention.use(model.network, "eager")
    try:
        with torch.no_grad():
            eager = model.network.base_model(**sites.inputs_for(model.network, **inputs), output_attentions=True, return_dict=True)
    finally:
        own_attention.use(model.network, "eager" if model.view_only else attention.NAME)
    for site in model.sites:
        expected = sites.attentions(eager, site.part if model.kind == "encoder-decoder" else "encoder")
        if len(expected) != len(model.sites_in(site.part)):
            pytest.skip(f"{name} does not give the weights of each layer that attends")
        weights = expected[site.layer][0].numpy()
        np.testing.assert_allclose(captured.patterns(site.layer, site.part), weights, atol=2e-5)
        # What is masked has no weight, and what is not, has one.
        np.testing.assert_array_equal(captured.visible(site.layer, site.part), (weights > 0).any(0))


@pytest.mark.parametrize("name", WHOLE)
def test_a_gate_is_a_projection_without_those_columns(opened, name):
    """One head switched off by a gate; and all heads of a layer, which leaves that layer the bias of its projection alone."""
    model = opened(name)
    inputs = given(model)

    def states(gate: torch.Tensor | None) -> torch.Tensor:
        changes = {} if gate is None else {0: attention.Change(gate=gate)}
        with torch.no_grad(), attention.attending(model.sites_of, changes=changes, record=False):
            return model.network.base_model(**inputs)[0]

    heads = model.sites[0].heads
    plain, all_on = states(None), states(torch.ones(heads))
    torch.testing.assert_close(plain, all_on)
    off = torch.ones(heads)
    off[1] = 0
    assert not torch.allclose(plain, states(off), atol=1e-6)


EXAMPLES = data.Examples("", tuple(data.Labelled(text, None, "a dog sat") for text in ("the cat sat", "it was warm", TEXT)))


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in ("electra", "nomic")])  # which predict no words
def test_a_score_that_starts_in_the_middle_equals_a_whole_pass(opened, name):
    model = opened(name)
    task = choose.make(choose.possible(model)[0], model, EXAMPLES)
    last = len(model.sites) - 1
    removed = frozenset({(0, 0), (last, model.sites[last].heads - 1)})
    alone = TaskResults(task).single_effects(removed, "zero")
    for head in removed:
        whole = task.score(lambda batch, head=head: heads.changes(model, [head])).mean_loss - task.score().mean_loss
        assert alone[head] == pytest.approx(whole, abs=1e-5) and whole != 0


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in tiny.CONFIGS])
def test_text_is_made_as_transformers_makes_it_and_looks_where_the_whole_text_looks(opened, name):
    model = opened(name)
    if model.kind == "encoder":
        pytest.skip("an encoder makes no text")
    ids = torch.tensor([model.tokenizer(TEXT)["input_ids"]])
    # The cache that `generate` makes has as many layers as the encoder: a deeper decoder ends in an IndexError there.
    how = {"max_new_tokens": 3, "do_sample": False, "num_beams": 1, "forced_eos_token_id": None, "use_cache": name != "t5-deeper"}
    with torch.no_grad():
        made = model.network.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **how)[0].tolist()
    steps = list(generate(model, TEXT, tokens=3))
    assert [step.token.number for step in steps] == made[-len(steps) :]
    # Bamba's own logits with its cache are not those without it (transformers 5.23).
    if model.kind == "decoder" and name != "bamba":
        captured = capture_ids(model, made[: ids.shape[1] + len(steps) - 1])
        for site in model.sites:
            np.testing.assert_allclose(steps[-1].attention["decoder"][site.layer], captured.patterns(site.layer)[:, -1], atol=2e-5)


@pytest.mark.parametrize("name", WHOLE)
def test_next_words_of_a_target_are_scored_as_the_network_s_own_loss(opened, name):
    """mBART begins a target with the last token of it, the language's; most others with a token of their own."""
    model = opened(name)
    if model.kind != "encoder-decoder":
        pytest.skip("it writes no target")
    scored = choose.make("next", model, data.Examples("one", (data.Labelled("the cat sat on the mat", None, "a dog was warm"),)))
    source, target = (torch.tensor([scored.items[0].inputs["input_ids"]]), torch.tensor([scored.items[0].target]))
    with torch.no_grad():
        expected = model.network(input_ids=source, labels=target).loss.item()
    assert scored.score().mean_loss == pytest.approx(expected, abs=1e-4)


# What takes many passes runs the same code as what takes one.
ONCE = operations.OPERATIONS.keys() - {"swept", "by_gradient", "greedy", "scaled"}
ROUNDING = {"bfloat16": 0.25, "float16": 0.03}
"""How far a result may be off: eight and eleven bits of each number, through two layers with large weights. How sums are rounded differs with the
processor: of one model (mT5) float16 is off by 0.019 on one and by 0.021 on another."""
STEPS = 0.1
"""One token of the shortest text that looks elsewhere: what share of all tokens looks at something changes by so much at once."""


@pytest.mark.parametrize("dtype", ["bfloat16", pytest.param("float16", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("name", matrix.part(OPENED, HALF))
def test_half_precision_does_what_float32_does(opened, name, dtype, monkeypatch):
    monkeypatch.setattr(operations, "TEXTS", operations.TEXTS[:2])
    exact, model = opened(name), opened(name, dtype)
    assert model.view_only == exact.view_only and model.sites == exact.sites and model.dtype == getattr(torch, dtype)
    # Scores of an encoder-decoder are many, and the same for all of them.
    for operation in ONCE - ({"head_scores"} if exact.kind == "encoder-decoder" and name not in ("t5", "bart") else set()):
        try:
            expected = operations.OPERATIONS[operation](exact)
        except (models.InputError, models.ModelError):
            continue  # not for this architecture
        apart = operations.apart(operations.OPERATIONS[operation](model), expected)
        assert apart <= ROUNDING[dtype] + STEPS * (operation == "head_scores"), f"{operation} in {dtype}: {apart}"


@pytest.mark.parametrize("name", OPENED)
def test_the_longest_text_is_read(opened, name):
    model = opened(name)
    n = model.max_length or 60
    with torch.no_grad():
        model.network.base_model(**given(model, n))


@pytest.mark.parametrize("name", [name for name, family in families.FAMILIES.items() if family.refused])
def test_what_cannot_be_shown_is_refused_in_words(tmp_path, name):
    with pytest.raises(models.ModelError, match=families.FAMILIES[name].refused) as caught:
        models.load(families.save(name, tmp_path), device="cpu")
    assert caught.value.advice


def test_a_target_is_generated_also_by_a_deeper_decoder(opened):
    captured = explorer.capture(opened("t5-deeper"), TEXT)
    assert len(captured.sites("decoder")) == 3 and any("generated" in note for note in captured.notes)


def test_hybrids_say_which_layers_attend(opened):
    (note,) = opened("jamba").notes
    assert "Only 1 of its 2 layers" in note and "layers 1 of the network" in note


def test_the_table_of_the_readme_is_what_was_tried():
    assert families.table() in (ROOT / "README.md").read_text("utf-8")


def test_layers_that_share_a_module_are_given_no_numbers_of_the_network(tmp_path):
    """In Zamba 2 one block attends at several layers, and knows none of their numbers."""
    sizes = {"vocab_size": 32, "hidden_size": 24, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 32}
    mamba = {"mamba_d_state": 4, "n_mamba_heads": 4, "mamba_headdim": 12, "num_mem_blocks": 1, "max_position_embeddings": 40}
    config = transformers.Zamba2Config(**sizes, **mamba, layers_block_type=["mamba", "hybrid"] * 2, use_mem_rope=True)
    transformers.Zamba2ForCausalLM(config).save_pretrained(tmp_path)
    tiny.tokenizer("llama").save_pretrained(tmp_path)
    model = models.load(tmp_path, device="cpu")
    assert len(model.sites) == 2 and "Only 2 of its 4 layers attend. They are counted here from 0." in model.notes
