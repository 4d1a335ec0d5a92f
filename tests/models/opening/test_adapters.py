"""Adapters are merged as PEFT merges them, and what cannot be merged is told."""

import json

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

import models
from models.opening import adapters
from tests import tiny as making

peft = pytest.importorskip("peft")
CLASSES = 3


def classifier(name: str, folder):
    """A tiny classifier with a tokenizer, and the folder that holds it."""
    torch.manual_seed(0)
    config = making.CONFIGS[name]().config
    config.num_labels = CLASSES
    network = transformers.AutoModelForSequenceClassification.from_config(config)
    for parameter in network.parameters():
        parameter.data.add_(0.2 * torch.randn_like(parameter))
    if name == "gpt2":
        network.resize_token_embeddings(256)
    network.save_pretrained(folder)
    making.tokenizer(name).save_pretrained(folder)
    return network


def adapted(name: str, base, folder, **settings):
    """The same with random adapters, saved by PEFT; the network that PEFT has merged itself."""
    network = transformers.AutoModelForSequenceClassification.from_pretrained(base)
    settings = {"r": 3, "lora_alpha": 5, "target_modules": "all-linear", "task_type": "SEQ_CLS"} | settings
    network = peft.get_peft_model(network, peft.LoraConfig(**settings))
    network.peft_config["default"].base_model_name_or_path = str(base)
    for key, parameter in network.named_parameters():
        if "lora_" in key or "modules_to_save" in key:
            parameter.data = torch.randn_like(parameter)
    network.save_pretrained(folder)
    return network.merge_and_unload().eval()


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("bert", {}),
        ("bert", {"use_rslora": True}),
        ("bert", {"target_modules": ["query", "value"], "rank_pattern": {"query": 2}}),
        ("gpt2", {}),
        ("gpt2", {"target_modules": ["c_attn"], "rank_pattern": {"0.attn.c_attn": 2}}),
    ],
)
def test_adapters_are_merged_as_peft_merges_them(tmp_path, name, settings):
    classifier(name, tmp_path / "base")
    expected = adapted(name, tmp_path / "base", tmp_path / "adapters", **settings)
    model = models.load(tmp_path / "adapters", device="cpu")
    assert model.network.config.num_labels == CLASSES and not model.notes and model.max_length == 40
    assert type(model.network) is type(expected)
    for key, value in expected.state_dict().items():
        assert torch.allclose(model.network.state_dict()[key], value, atol=1e-5), key
    base = models.load(tmp_path / "base", device="cpu").network
    ids = torch.tensor([[2, 5, 6, 3]])
    assert torch.allclose(model.network(ids).logits, expected(ids).logits, atol=1e-4)
    assert not torch.allclose(model.network(ids).logits, base(ids).logits, atol=1e-2)


def test_half_precision_is_merged_in_float32(tmp_path):
    classifier("bert", tmp_path / "base")
    adapted("bert", tmp_path / "base", tmp_path / "adapters")
    whole, half = (models.load(tmp_path / "adapters", device="cpu", dtype=dtype).network for dtype in ("float32", "bfloat16"))
    for (key, one), two in zip(whole.state_dict().items(), half.state_dict().values(), strict=True):
        assert two.dtype == torch.bfloat16 and torch.allclose(one, two.float(), rtol=0.02, atol=0.02), key


def change(folder, **values) -> None:
    file = folder / adapters.CONFIG
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"peft_type": "IA3"}, "of the kind IA3"),
        ({"use_dora": True}, "with use_dora"),
        ({"bias": "all"}, "with bias"),
        ({"init_lora_weights": "pissa_niter_4"}, "with init_lora_weights pissa_niter_4"),
        ({"init_lora_weights": "olora"}, "with init_lora_weights olora"),
        ({"alora_invocation_tokens": [5, 6]}, "with alora_invocation_tokens"),
        ({"lora_alpha": "much"}, "cannot be read"),
        ({"base_model_name_or_path": "/nowhere"}, "/nowhere"),
        ({"base_model_name_or_path": None}, "does not name the model"),
    ],
)
def test_what_cannot_be_merged_is_told(tmp_path, values, said):
    classifier("bert", tmp_path / "base")
    adapted("bert", tmp_path / "base", tmp_path / "adapters")
    change(tmp_path / "adapters", **values)
    with pytest.raises(models.ModelError, match=said):
        models.load(tmp_path / "adapters", device="cpu")


def test_adapters_of_another_model_are_told(tmp_path):
    classifier("bert", tmp_path / "base")
    adapted("bert", tmp_path / "base", tmp_path / "adapters")
    file = tmp_path / "adapters" / adapters.WEIGHTS
    found = load_file(file)
    key = next(key for key in found if key.endswith("lora_B.weight"))
    save_file(found | {key: found[key][:-1].contiguous()}, file)
    with pytest.raises(models.ModelError, match="shape"):
        models.load(tmp_path / "adapters", device="cpu")
    save_file({key.replace("encoder.layer.1", "encoder.layer.7"): value for key, value in found.items()}, file)
    with pytest.raises(models.ModelError, match=r"layer\.7"):
        models.load(tmp_path / "adapters", device="cpu")
    save_file({key: value for key, value in found.items() if "lora_B" not in key}, file)
    with pytest.raises(models.ModelError, match="not those of linear layers"):
        models.load(tmp_path / "adapters", device="cpu")


@pytest.mark.parametrize(
    "settings",
    [
        {"target_modules": ["q_proj", "lm_head"]},
        {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]},
        {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
        {"target_modules": ["q_proj"], "modules_to_save": ["lm_head", "embed_tokens"]},
        {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"], "ensure_weight_tying": True},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Model has `tie_word", "ignore:Model with `tie_word", "ignore:Setting `save_embedding_layers`")
def test_a_head_that_shares_the_embeddings_weights_is_changed_alone(tmp_path, settings):
    """As PEFT does without merging: what is changed in the head stays out of the embeddings, and the reverse."""
    config = making.CONFIGS["llama"]().config
    config.tie_word_embeddings = True
    torch.manual_seed(0)
    base = transformers.LlamaForCausalLM(config)
    for parameter in base.parameters():
        parameter.data.add_(0.2 * torch.randn_like(parameter))
    base.save_pretrained(tmp_path / "base")
    making.tokenizer("llama").save_pretrained(tmp_path / "base")
    network = peft.get_peft_model(
        transformers.LlamaForCausalLM.from_pretrained(tmp_path / "base"), peft.LoraConfig(task_type="CAUSAL_LM", r=3, **settings)
    )
    for key, parameter in network.named_parameters():
        if "lora_" in key or "modules_to_save" in key:
            parameter.data.add_(0.1 * torch.randn_like(parameter))
    network.save_pretrained(tmp_path / "adapters")
    ids = torch.tensor([[2, 5, 6, 3]])
    with torch.no_grad():
        expected = network.eval()(input_ids=ids).logits
    model = models.load(tmp_path / "adapters", device="cpu")
    assert torch.allclose(model.network(ids).logits, expected, atol=1e-4)
    model.network.save_pretrained(tmp_path / "merged")
    making.tokenizer("llama").save_pretrained(tmp_path / "merged")
    again = models.load(tmp_path / "merged", device="cpu")
    assert torch.allclose(again.network(ids).logits, expected, atol=1e-4) and not again.notes


@pytest.mark.parametrize("revision", [None, "", "main", "v2"])
def test_the_base_is_the_revision_that_the_adapters_were_trained_on(tmp_path, revision):
    classifier("bert", tmp_path / "base")
    adapted("bert", tmp_path / "base", tmp_path / "adapters")
    change(tmp_path / "adapters", base_model_name_or_path="owner/model", revision=revision)
    assert adapters.read(tmp_path / "adapters").base == ("owner/model@v2" if revision == "v2" else "owner/model")
    change(tmp_path / "adapters", base_model_name_or_path=str(tmp_path / "base"), revision=revision)
    assert adapters.read(tmp_path / "adapters").base == str(tmp_path / "base")


@pytest.mark.parametrize("name", ["bert", "albert", "electra"])
def test_a_pooler_that_a_classifier_reads_is_missed(tmp_path, name):
    """A masked model is saved without one: a classifier on adapters of it would read a random pooler, and nothing said so."""
    making.save(name, tmp_path / "base")
    adapted(name, tmp_path / "base", tmp_path / "adapters", target_modules=["query", "value"])
    model = models.load(tmp_path / "adapters", device="cpu")
    reads = any("pooler" in key for key in model.network.state_dict())
    assert reads == (name != "electra") and model.trained != reads
    assert any("pooler" in note and "random" in note for note in model.notes) == reads


def test_adapters_from_the_hub_do_not_choose_a_folder_of_this_machine(tmp_path):
    found = adapters.Adapters(tmp_path, "/etc", 1.0, False, False)
    with pytest.raises(models.ModelError, match="hub id"):
        found.base_folder("hub owner/model", lambda name: (tmp_path, f"folder {name}"))
    assert found.base_folder("folder here", lambda name: (tmp_path, f"folder {name}")) == tmp_path


@pytest.mark.parametrize(
    ("name", "stored", "trained"),
    [
        ("bert", "AutoModelForMaskedLM", "AutoModel"),
        ("llama", "AutoModelForCausalLM", "AutoModel"),
        ("llama", "AutoModel", "AutoModelForCausalLM"),
    ],
)
def test_adapters_that_were_trained_without_the_head_of_their_base(tmp_path, name, stored, trained):
    """For vectors of sentences PEFT adapts the bare network: its layers have no name before them, and its base may have a head."""
    making.save(name, tmp_path / "whole")
    getattr(transformers, stored).from_pretrained(tmp_path / "whole").save_pretrained(tmp_path / "base")
    making.tokenizer(name).save_pretrained(tmp_path / "base")
    network = peft.get_peft_model(
        getattr(transformers, trained).from_pretrained(tmp_path / "whole"), peft.LoraConfig(target_modules="all-linear")
    )
    network.peft_config["default"].base_model_name_or_path = str(tmp_path / "base")
    for key, parameter in network.named_parameters():
        if "lora_" in key:
            parameter.data = torch.randn_like(parameter)
    network.save_pretrained(tmp_path / "adapters")
    expected = network.merge_and_unload().base_model.eval()
    found = models.load(tmp_path / "adapters", device="cpu").network.base_model
    ids = torch.tensor([[2, 5, 6, 3]])
    assert torch.allclose(found(ids)[0], expected(ids)[0], atol=1e-4)


@pytest.mark.parametrize(("name", "layers"), [("bert", ["query"]), ("gpt2", ["c_attn"])])
@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
def test_adapters_that_label_words_bring_their_head(tmp_path, name, layers):
    making.save(name, tmp_path / "base")
    network = transformers.AutoModelForTokenClassification.from_pretrained(tmp_path / "base", num_labels=CLASSES)
    network = peft.get_peft_model(network, peft.LoraConfig(task_type="TOKEN_CLS", target_modules=layers))
    network.peft_config["default"].base_model_name_or_path = str(tmp_path / "base")
    for key, parameter in network.named_parameters():
        if "lora_" in key or "modules_to_save" in key:
            parameter.data = torch.randn_like(parameter)
    network.save_pretrained(tmp_path / "adapters")
    expected = network.merge_and_unload().eval()
    model = models.load(tmp_path / "adapters", device="cpu")
    ids = torch.tensor([[2, 5, 6, 3]])
    assert type(model.network) is type(expected) and model.trained
    assert torch.allclose(model.network(ids).logits, expected(ids).logits, atol=1e-4)
