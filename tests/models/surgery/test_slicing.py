"""Heads that are really gone: against gates of zero, on every architecture, and back from a folder."""

import copy
import dataclasses
import errno
import json
from unittest import mock

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

import explorer
import models
from explorer.ablation import heads as ablation_heads
from explorer.tasks import choose
from models import attention
from models.errors import ExplorerError, WriteError
from models.opening import folder as opening_folder
from models.opening import sites
from models.surgery import cutting, slicing
from tests import matrix
from tests import tiny as making
from tests.models.attention.test_function import batch

EXACT = {"rtol": 0, "atol": 1e-5}
_GROUPED = {**making._BERT, "num_key_value_heads": 2, "max_position_embeddings": 40, **making._tail()}
MORE = {
    "mistral": lambda: transformers.MistralForCausalLM(transformers.MistralConfig(**_GROUPED, sliding_window=4)),
    "qwen2": lambda: transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**_GROUPED)),
}
GROUPED = ["llama", "mistral", "qwen2"]
CACHED = ["gpt2", "opt", *GROUPED, "t5", "bart", "marian"]
NAMES = ["bert", "roberta", "electra", "distilbert", "toy_alibi", "toy_sparsemax", "toy_pair", *CACHED]


@pytest.fixture(scope="session")
def opened(tiny):
    def load(name: str) -> models.Model:
        with mock.patch.dict(making.CONFIGS, MORE):
            return tiny(name)

    return load


def logits(model: models.Model, network: torch.nn.Module, name: str, changes: dict | None = None) -> torch.Tensor:
    with torch.no_grad(), attention.attending(model.sites_of, changes=changes, record=False):
        return network(**sites.inputs_for(network, **batch(name))).logits


def gated(model: models.Model, heads: dict, name: str) -> torch.Tensor:
    gates = {s.index: torch.tensor([float(h not in heads.get(s.index, ())) for h in range(s.heads)]) for s in model.sites}
    return logits(model, model.network, name, {site: attention.Change(gate=gate) for site, gate in gates.items()})


def in_groups(model: models.Model, choose) -> dict[int, list[int]]:
    """Head numbers by site, where `choose(site, kv head)` says which go."""
    return {
        s.index: [h for h in range(s.heads) if choose(s.index, h // (s.heads // s.kv_heads))]
        for s in model.sites
        if any(choose(s.index, kv) for kv in range(s.kv_heads))
    }


def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in [*network.state_dict().items(), *network.named_buffers()]}


def check(model: models.Model, name: str, heads: dict[int, list[int]]) -> models.Model:
    """The sliced model, once it is sure that it equals the gated one and that its sites say what it computes."""
    before, entry = weights(model.network), copy.deepcopy(model.network.config.to_dict())
    made = slicing.sliced(model, heads)
    expected = gated(model, heads, name)
    torch.testing.assert_close(logits(made, made.network, name), expected, **EXACT)
    made.network.set_attn_implementation("eager")
    torch.testing.assert_close(logits(made, made.network, name), expected, **EXACT)
    made.network.set_attn_implementation(attention.NAME)

    assert [(s.index, s.part, s.layer, s.head_dim) for s in made.sites] == [(s.index, s.part, s.layer, s.head_dim) for s in model.sites]
    assert [s.heads for s in made.sites] == [s.heads - len(heads.get(s.index, ())) for s in model.sites]
    with torch.no_grad(), attention.attending(made.sites_of) as run:
        made.network(**sites.inputs_for(made.network, **batch(name)))
    assert [(r.site, r.heads, r.key.shape[1]) for r in run.records] == [(s.index, s.heads, s.kv_heads) for s in made.sites]

    after = weights(model.network)
    assert before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)
    assert model.network.config.to_dict() == entry and model.network.config._attn_implementation in attention.NAMES
    return made


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8)
@given(data=st.data())
def test_random_heads(opened, name, data):
    model = opened(name)
    pairs = [(s.index, kv) for s in model.sites for kv in range(s.kv_heads)]
    gone = data.draw(st.sets(st.sampled_from(pairs), max_size=len(pairs)))
    heads = in_groups(model, lambda site, kv: (site, kv) in gone)
    made = check(model, name, heads)
    assert (made.parameters < model.parameters) == bool(gone)


@pytest.mark.parametrize("name", NAMES)
def test_one_head_or_group_of_each_site(opened, name):
    model = opened(name)
    for site in model.sites:
        made = check(model, name, in_groups(model, lambda index, kv, at=site.index: index == at and kv == 1))
        assert made.parameters < model.parameters and "numbered anew" in made.notes[-1]


@pytest.mark.parametrize("name", NAMES)
def test_layers_without_any_head(opened, name):
    model = opened(name)
    for alone in model.sites:
        made = check(model, name, in_groups(model, lambda index, kv, at=alone.index: index == at))
        assert made.sites[alone.index].heads == 0
    made = check(model, name, in_groups(model, lambda index, kv: True))
    assert not sum(site.heads for site in made.sites)


def test_all_layers_of_the_bundled_bert(bert):
    heads = {0: [0, 5, 11], 2: range(12), 5: [7]}
    made = slicing.sliced(bert, heads)
    size, hidden = 32, 384
    assert bert.parameters - made.parameters == 16 * (4 * size * hidden + 3 * size)
    given = bert.tokenizer(["The cat sat on the mat because it was warm.", "A dog."], padding=True, return_tensors="pt")
    changes = {i: attention.Change(gate=torch.tensor([float(h not in gone) for h in range(12)])) for i, gone in heads.items()}
    # What stands where a text was padded says nothing, and rounding is ten times larger there.
    read = given["attention_mask"].bool()
    with torch.no_grad():
        with attention.attending(bert.sites_of, changes=changes, record=False):
            expected = bert.network(**given)[0][read]
        torch.testing.assert_close(made.network(**given)[0][read], expected, **EXACT)
        torch.testing.assert_close(slicing.zeroed(bert, heads)(**given)[0][read], expected, **EXACT)
    assert bert.parameters == 22_713_216 == bert.network.num_parameters()


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_parameters_shrink_by_what_a_head_has(opened, name):
    model = opened(name)
    # width 24, heads of 6: three projections 24 -> 6 with bias, and 6 -> 24, whose bias stays
    head = 3 * (24 * 6 + 6) + 6 * 24
    assert model.parameters - slicing.sliced(model, {0: [2]}).parameters == head
    assert model.parameters - slicing.sliced(model, {0: [0, 3], 1: [0, 1, 2, 3]}).parameters == 6 * head


def test_parameters_of_a_group_and_of_t5(opened):
    # Llama: two query heads and one key/value head of 6 go together; no biases
    assert opened("llama").parameters - slicing.sliced(opened("llama"), {1: [2, 3]}).parameters == 24 * 6 * (2 + 1 + 1 + 2)
    # T5: the first layer keeps the position bias of all heads, which the second reads
    assert opened("t5").parameters - slicing.sliced(opened("t5"), {0: [0, 1, 2, 3]}).parameters == 4 * 4 * 24 * 6


@pytest.mark.parametrize("name", GROUPED)
def test_a_part_of_a_group_is_refused(opened, name):
    with pytest.raises(models.InputError, match=r"heads 2, 3 .*Remove 2 too"):
        slicing.sliced(opened(name), {0: [0, 1], 1: [3]})
    model = opened(name)
    torch.testing.assert_close(logits(model, slicing.zeroed(model, {1: [3]}), name), gated(model, {1: [3]}, name), **EXACT)


@pytest.mark.parametrize("heads", [{2: [0]}, {-1: [0]}, {0: [4]}, {0: [-1]}])
@pytest.mark.parametrize("how", [slicing.sliced, slicing.zeroed])
def test_a_site_or_head_that_is_not_there(opened, how, heads):
    with pytest.raises(models.InputError, match=r"There is no attention site|there is no head"):
        how(opened("bert"), heads)


@pytest.mark.parametrize(
    ("name", "said"),
    [("albert", "share"), ("gpt_neox", "not known.*[Gg]ating works"), ("toy_mean", "not known.*[Gg]ating works"), ("falcon", "view-only")],
)
@pytest.mark.parametrize("how", [slicing.sliced, slicing.zeroed])
def test_other_architectures_say_so(opened, how, name, said):
    with pytest.raises(models.ModelError, match=said):
        how(opened(name), {0: [0]})


def test_a_projection_of_another_kind_is_refused(opened):
    class Adapted(torch.nn.Linear):
        pass

    model = opened("bert")
    network = copy.deepcopy(model.network)
    network.bert.encoder.layer[0].attention.self.query = Adapted(24, 24)
    layout = sites.find_sites(network)
    other = dataclasses.replace(model, network=network, sites_of=layout.sites_of)
    with pytest.raises(models.ModelError, match="not known"):
        slicing.sliced(other, {0: [0]})


@pytest.mark.parametrize("name", ["gpt2", "t5", "llama"])
def test_slicing_twice_is_slicing_once(opened, name):
    model = opened(name)
    once = slicing.sliced(model, {0: [0, 1], 1: [0, 1, 2, 3]})
    first = slicing.sliced(model, {1: [2, 3]})
    twice = slicing.sliced(first, {0: [0, 1], 1: [0, 1]})
    assert torch.equal(logits(once, once.network, name), logits(twice, twice.network, name))
    assert getattr(twice.network.config, cutting.ENTRY) == {"0": [0, 1], "1": [0, 1, 2, 3]} == getattr(once.network.config, cutting.ENTRY)
    assert twice.notes == once.notes and twice.parameters == once.parameters
    assert getattr(first.network.config, cutting.ENTRY) == {"1": [2, 3]}


def test_a_copy_stands_on_its_own(opened, tmp_path):
    making.save("bert", tmp_path / "model")
    model = models.load(tmp_path / "model", device="cpu")
    made, network = slicing.sliced(model, {0: [1]}), slicing.zeroed(model, {0: [1]})
    expected = logits(made, made.network, "bert")
    assert made.lock is not model.lock and not any(p.requires_grad for p in [*made.network.parameters(), *network.parameters()])
    assert all(p.requires_grad for p in model.network.parameters())
    model.network.double()  # moves every weight in place, as `release` does
    assert torch.equal(logits(made, made.network, "bert"), expected)
    torch.testing.assert_close(logits(made, network, "bert"), expected, **EXACT)


def test_gates_carry_gradients_in_a_sliced_model(opened):
    made = slicing.sliced(opened("gpt2"), {0: [1]})
    gate = torch.ones(2, 3, requires_grad=True)
    with attention.attending(made.sites_of, changes={0: attention.Change(gate=gate)}):
        made.network(**sites.inputs_for(made.network, **batch("gpt2"))).logits.sum().backward()
    assert gate.grad.abs().min() > 0


@pytest.mark.parametrize("name", CACHED)
@pytest.mark.parametrize("share", ["some", "first", "all"])
def test_the_cache_counts_on(opened, name, share):
    model = opened(name)
    gone = {"some": lambda site, kv: kv == 1, "first": lambda site, kv: site < 1, "all": lambda site, kv: True}[share]
    made = slicing.sliced(model, in_groups(model, gone))
    prompt = {"input_ids": torch.randint(5, 25, (2, 5), generator=torch.Generator().manual_seed(3))}
    options = {"max_new_tokens": 6, "min_new_tokens": 6, "do_sample": False, "output_logits": True, "return_dict_in_generate": True}
    step, whole = (made.network.generate(**prompt, **options, use_cache=cache) for cache in (True, False))
    assert torch.equal(step.sequences, whole.sequences)
    torch.testing.assert_close(torch.stack(step.logits), torch.stack(whole.logits), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_sliced_model_is_captured(opened, name):
    model = opened(name)
    made = slicing.sliced(model, in_groups(model, lambda site, kv: kv == 1 and site != 1))
    captured = explorer.capture(made, "the cat sat on the mat")
    for part in captured.parts:
        for site in captured.sites(part):
            patterns = captured.patterns(site.layer, part)
            assert len(patterns) == site.heads == made.sites[site.index].heads
            torch.testing.assert_close(torch.tensor(patterns).sum(-1), torch.ones(patterns.shape[:2]))


def test_a_capture_of_a_layer_without_heads_has_no_patterns(opened):
    captured = explorer.capture(slicing.sliced(opened("bert"), {0: range(4)}), "the cat sat")
    assert captured.patterns(0).shape == (0, 5, 5) and captured.patterns(1).shape == (4, 5, 5)
    with pytest.raises(IndexError, match="0 heads"):
        captured.pattern(0, 0)


def test_what_is_left_attends_as_before(opened):
    model = opened("bert")
    made = slicing.sliced(model, {1: [0, 2]})
    whole, cut = (explorer.capture(m, "the cat sat on the mat") for m in (model, made))
    torch.testing.assert_close(torch.tensor(cut.patterns(1)), torch.tensor(whole.patterns(1)[[1, 3]]), **EXACT)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", matrix.part(["some", "first", "all"], ["some"]))
def test_a_sliced_folder_comes_back(opened, tmp_path, name, share):
    model = opened(name)
    gone = {"some": lambda site, kv: kv == 1, "first": lambda site, kv: site < 1, "all": lambda site, kv: True}[share]
    heads = in_groups(model, gone)
    folder = slicing.export_sliced(model, heads, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert json.loads((folder / "config.json").read_text())[cutting.ENTRY] == {str(site): list(gone) for site, gone in heads.items()}
    assert {p.suffix for p in folder.iterdir()} <= {".json", ".safetensors", ".txt", ".jinja"}

    back, made = models.load(folder, device="cpu"), slicing.sliced(model, heads)
    torch.testing.assert_close(logits(back, back.network, name), gated(model, heads, name), **EXACT)
    assert (back.sites, back.parameters, back.kind, back.trained) == (made.sites, made.parameters, model.kind, model.trained)
    assert back.notes == made.notes and "heads are cut out" in back.notes[-1]
    # The folder of a model that was loaded sliced is that same folder.
    again = slicing.export_sliced(back, {}, tmp_path / "again")
    assert (again / "config.json").read_bytes() == (folder / "config.json").read_bytes()
    assert (again / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
    with pytest.raises(models.ModelError, match="original shapes"):
        slicing.export_zeroed(back, {}, tmp_path / "zeroed")


def test_plain_transformers_does_not_open_a_sliced_folder_by_mistake(opened, tmp_path):
    folder = slicing.export_sliced(opened("bert"), {0: [1]}, tmp_path / "out")
    with pytest.raises(RuntimeError, match="mismatch"):
        transformers.BertForMaskedLM.from_pretrained(folder)


def test_weights_that_a_sliced_folder_lacks_are_told(opened, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = slicing.export_sliced(opened("bert"), {0: [1]}, tmp_path / "out")
    kept = {k: v for k, v in load_file(folder / "model.safetensors").items() if "layer.0.attention.self.query" not in k}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    back = models.load(folder, device="cpu")
    assert not back.trained and "random" in back.notes[0] and back.sites[0].heads == 3


@pytest.mark.parametrize("entry", [{"0": [9]}, {"7": [0]}, {"0": 3}, {"zero": [1]}, [1, 2]])
def test_a_sliced_folder_with_a_broken_entry(opened, tmp_path, entry):
    folder = slicing.export_sliced(opened("bert"), {0: [1]}, tmp_path / "out")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {cutting.ENTRY: entry}))
    with pytest.raises(models.ModelError):
        models.load(folder, device="cpu")


def test_a_sliced_folder_without_the_name_of_its_network(opened, tmp_path):
    folder = slicing.export_sliced(opened("bert"), {0: [1]}, tmp_path / "out")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": None}))
    with pytest.raises(models.ModelError, match="which network"):
        models.load(folder, device="cpu")


@pytest.mark.parametrize("name", NAMES)
def test_plain_transformers_opens_a_zeroed_folder(opened, tmp_path, name):
    model = opened(name)
    before = weights(model.network)
    heads = {site.index: [3] if site.index else [0, 1, 2, 3] for site in model.sites}
    folder = slicing.export_zeroed(model, heads, tmp_path / "out")
    assert all(torch.equal(before[key], value) for key, value in weights(model.network).items())
    plain = type(model.network).from_pretrained(folder, attn_implementation="eager").eval()
    torch.testing.assert_close(logits(model, plain, name), gated(model, heads, name), **EXACT)
    assert {k: v.shape for k, v in plain.state_dict().items()} == {k: v.shape for k, v in model.network.state_dict().items()}
    # AutoTokenizer takes a class of Qwen's own for it, which is not how this folder's file parts a text.
    words = transformers.AutoTokenizer if name != "qwen2" else transformers.PreTrainedTokenizerFast
    assert words.from_pretrained(folder)("the cat")["input_ids"] == model.tokenizer("the cat")["input_ids"]
    back = models.load(folder, device="cpu")
    assert back.sites == model.sites and back.notes == model.notes


@pytest.mark.parametrize("export", [slicing.export_sliced, slicing.export_zeroed])
def test_a_full_disk_leaves_nothing_behind(opened, tmp_path, export):
    model = opened("bert")
    full = OSError(errno.ENOSPC, "No space left on device")
    # After the weights: the point at which half a folder would look like a whole one.
    with mock.patch.object(type(model.tokenizer), "save_pretrained", side_effect=full), pytest.raises(WriteError, match="No space left"):
        export(model, {0: [1]}, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_not_overwritten(opened, tmp_path):
    (tmp_path / "empty").mkdir()
    folder = slicing.export_sliced(opened("bert"), {}, tmp_path / "empty")
    assert models.load(folder, device="cpu").parameters == opened("bert").parameters
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for taken in ("full", "file", "file/below"):
        with pytest.raises(ExplorerError, match=r"is there already|could not be written"):
            slicing.export_sliced(opened("bert"), {}, tmp_path / taken)
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["mine.txt"] and (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_what_is_written_has_the_precision_of_what_was_read(tmp_path, dtype):
    making.network("bert").to(dtype).save_pretrained(tmp_path / "half")
    making.tokenizer("bert").save_pretrained(tmp_path / "half")
    model = models.load(tmp_path / "half", device="cpu", dtype="float32")
    for how, export in (("sliced", slicing.export_sliced), ("zeroed", slicing.export_zeroed)):
        folder = export(model, {0: [1]}, tmp_path / how)
        assert opening_folder.stored(folder) == {torch.float16: "F16", torch.bfloat16: "BF16"}[dtype]
        # Nothing is lost: the numbers are those that were read.
        again = models.load(folder, device="cpu", dtype="float32")
        torch.testing.assert_close(again.network.get_input_embeddings().weight, model.network.get_input_embeddings().weight, rtol=0, atol=0)
    assert model.dtype == torch.float32 and opening_folder.stored(tmp_path / "half") != "F32"


def test_a_sliced_bundled_bert_keeps_its_classifier(bert, tmp_path):
    examples = choose.built_in("classify").first(20)
    gone = {0: [1], 3: [4, 5]}
    gated = choose.make("classify", bert, examples)
    heads = {(site, head) for site, numbers in gone.items() for head in numbers}
    expected = gated.score(lambda batch: ablation_heads.changes(bert, heads))
    small = slicing.sliced(bert, gone)
    opened = models.load(slicing.export_sliced(bert, gone, tmp_path / "small"), device="cpu")
    for model in (small, opened):
        np.testing.assert_allclose(choose.make("classify", model, examples).score().loss, expected.loss, atol=1e-4)
