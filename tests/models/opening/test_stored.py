"""What files of the hub hold beside plain weights, or say in config.json beside the network's shape: computed all the same, told, or refused."""

import json

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

import models
from benchmarks import operations
from models import attention
from models.opening import loading
from tests import families
from tests import tiny as making

SAID = {"return_dict": False, "chunk_size_feed_forward": 3, "torchscript": True, "output_attentions": True}
RUN = ["attention", "lens", "parts_of_a_logit", "traced", "generated", "pruned", "cut_out"]


def changed(folder, fill=None, **said):
    """The folder with other weights, and other entries in its config.json."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | said))
    if fill:
        save_file(fill(load_file(folder / "model.safetensors")), folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize(
    "said", [{"return_dict": False}, {"chunk_size_feed_forward": 3}, {"torchscript": True}, {"output_attentions": True}], ids=str
)
@pytest.mark.parametrize("name", ["bert", "gpt2", "bart"])
def test_what_config_json_says_of_outputs_and_pieces_changes_nothing(tmp_path, tiny, name, said, monkeypatch):
    monkeypatch.setattr(operations, "TEXTS", operations.TEXTS[:2])
    model = models.load(changed(making.save(name, tmp_path), **said), device="cpu")
    assert model.view_only == tiny(name).view_only
    for operation in RUN:
        try:
            expected = operations.OPERATIONS[operation](tiny(name))
        except (models.InputError, models.ModelError):
            continue  # not for this architecture
        assert operations.apart(operations.OPERATIONS[operation](model), expected) < 1e-5, operation


@pytest.mark.parametrize(("dtype", "told"), [(torch.int8, "I8"), (torch.uint8, "U8"), (torch.float8_e4m3fn, "F8_E4M3")], ids=str)
def test_quantised_weights_are_not_taken_for_weights(tmp_path, dtype, told):
    folder = making.save("bert", tmp_path)
    changed(folder, lambda weights: {name: w.to(dtype) if w.dim() == 2 and "query" in name else w for name, w in weights.items()})
    with pytest.raises(models.ModelError, match=f"as {told}: such numbers mean nothing") as caught:
        models.load(folder, device="cpu")
    assert "float16" in caught.value.advice


@pytest.mark.parametrize(
    ("name", "part", "dtype", "told"),
    [
        ("gpt-oss", "experts.gate_up_proj", torch.int8, "I8"),
        ("gpt-oss", "experts.down_proj", torch.float8_e4m3fn, "F8_E4M3"),
        ("bert", "LayerNorm.weight", torch.float8_e5m2, "F8_E5M2"),
    ],
)
def test_experts_in_one_tensor_and_norms_are_weights_too(tmp_path, name, part, dtype, told):
    folder = families.save(name, tmp_path)
    assert models.load(folder, device="cpu").trained
    changed(folder, lambda weights: {key: w.to(dtype) if key.endswith(part) else w for key, w in weights.items()})
    with pytest.raises(models.ModelError, match=f"as {told}: such numbers mean nothing"):
        models.load(folder, device="cpu")


@pytest.mark.parametrize("said", [None, {}, {"bits": 4, "group_size": 64}, {"quant_method": "nobody_knows"}], ids=str)
def test_quantised_in_a_way_that_transformers_does_not_know(tmp_path, said):
    """As MLX writes config.json, or a method that is newer: transformers leaves the numbers as they are, and says so on the console alone."""
    folder = changed(making.save("bert", tmp_path), quantization_config=said)
    if said is None or "quant_method" in said:  # of the others transformers says that they name no method
        assert models.load(folder, device="cpu").trained
    changed(folder, lambda weights: {name: w.to(torch.int8) if w.dim() == 2 and "query" in name else w for name, w in weights.items()})
    with pytest.raises(models.ModelError, match="as I8: such numbers mean nothing"):
        models.load(folder, device="cpu")


def test_one_file_goes_before_an_index_as_in_transformers(tmp_path, tiny):
    """A folder that was saved in pieces first, and in one file then, keeps its old index."""
    folder = making.save("bert", tmp_path)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "model-00001-of-00002.safetensors"}}))
    found, expected = (operations.attention(one) for one in (models.load(folder, device="cpu"), tiny("bert")))
    np.testing.assert_array_equal(found["encoder 1"], expected["encoder 1"])
    (folder / "model.safetensors").unlink()
    with pytest.raises(models.ModelError, match="lacks model-00001-of-00002"):
        models.load(folder, device="cpu")


def without(weights, name: str, heads: list[int], size: int = 6, all_heads: int = 4):
    """Weights of a tiny model whose first layer was cut as `prune_heads` of transformers 4 did it."""
    kept = [i for i in range(all_heads * size) if i // size not in heads]
    kept_of_all = [part * all_heads * size + i for part in range(3) for i in kept]
    for key, w in weights.items():
        if "layer.0.attention.self" in key:
            weights[key] = w[kept].contiguous()
        elif "layer.0.attention.output.dense.weight" in key:
            weights[key] = w[:, kept].contiguous()
        elif "h.0.attn.c_attn" in key:
            weights[key] = w[..., kept_of_all].contiguous()
        elif "h.0.attn.c_proj.weight" in key:
            weights[key] = w[kept].contiguous()
    return weights


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_heads_that_transformers_4_pruned_are_gone(tmp_path, tiny, name):
    folder = changed(making.save(name, tmp_path), lambda weights: without(weights, name, [1, 2]), pruned_heads={"0": [1, 2]})
    model, whole = models.load(folder, device="cpu"), tiny(name)
    assert [site.heads for site in model.sites] == [2, 4] and any("heads are cut out" in note for note in model.notes)
    ids = list(whole.tokenizer("the cat")["input_ids"])
    gate = {0: attention.Change(gate=torch.tensor([1.0, 0.0, 0.0, 1.0]))}
    with torch.no_grad(), attention.attending(whole.sites_of, changes=gate):
        expected = whole.network(torch.tensor([ids])).logits
    with torch.no_grad():
        assert torch.allclose(model.network(torch.tensor([ids])).logits, expected, atol=1e-5)
    assert not models.load(changed(making.save(name, tmp_path / "whole"), pruned_heads={}), device="cpu").notes


@pytest.mark.parametrize("how", ["gptq", "awq", "bitsandbytes", "compressed-tensors"])
def test_a_quantised_model_that_needs_a_library_says_which(tmp_path, how):
    folder = changed(making.save("llama", tmp_path), quantization_config={"quant_method": how, "bits": 4, "load_in_4bit": True})
    with pytest.raises(models.ModelError, match="needs a library that is not installed"):
        models.load(folder, device="cpu")


def test_whole_numbers_that_are_no_weights_are_left_alone(tmp_path, tiny):
    more = {"bert.embeddings.position_ids": torch.arange(40)[None], "bert.encoder.layer.0.attn.bias": torch.ones(1, 1, 4, 4, dtype=torch.uint8)}
    model = models.load(changed(making.save("bert", tmp_path), lambda weights: weights | more), device="cpu")
    assert not model.notes
    found, expected = (operations.attention(one) for one in (model, tiny("bert")))
    np.testing.assert_array_equal(found["encoder 1"], expected["encoder 1"])


def test_weights_of_a_layer_that_transformers_has_no_place_for_are_told(tmp_path):
    """Relative positions of BERT, as older versions computed them: this one says nothing and leaves them out."""
    more = {f"bert.encoder.layer.{i}.attention.self.distance_embedding.weight": torch.randn(79, 6) for i in range(2)}
    folder = changed(making.save("bert", tmp_path), lambda weights: weights | more, position_embedding_type="relative_key")
    (note,) = models.load(folder, device="cpu").notes
    assert "bert.encoder.layer.0.attention.self.distance_embedding.weight" in note and "computes without them" in note


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod."])
def test_weights_under_other_names_are_told_twice(tmp_path, prefix):
    """Written by a wrapper (DataParallel, torch.compile): no weight is found."""
    folder = changed(making.save("bert", tmp_path), lambda weights: {prefix + name: w for name, w in weights.items()})
    model = models.load(folder, device="cpu")
    assert not model.trained and len(model.notes) == 2
    assert prefix + "bert.encoder.layer.0." in model.notes[0] and "those weights are random" in model.notes[1]


@pytest.mark.parametrize("stored", ["float32", "bfloat16"])
@pytest.mark.parametrize("room", [0.9, 1.1])
def test_auto_counts_numbers_and_not_the_bytes_of_the_file(tmp_path, monkeypatch, stored, room):
    """A file in half precision is half as large as what it is opened as in float32."""
    folder = making.save("bert", tmp_path)
    changed(folder, lambda weights: {name: w.to(getattr(torch, stored)) for name, w in weights.items()})
    needed = 4 * sum(w.numel() for w in load_file(folder / "model.safetensors").values()) / 0.6
    monkeypatch.setattr(loading.devices, "free_bytes", lambda device: room * needed)
    assert models.load(folder, device="cpu").dtype == (torch.float32 if room > 1 else torch.bfloat16)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_weights_that_are_no_numbers_are_refused_by_name(tmp_path, value, dtype):
    folder = making.save("gpt2", tmp_path)
    name = "transformer.h.1.mlp.c_fc.weight"

    def broken(weights):
        weights[name][3, 4] = float(value)
        return weights

    with pytest.raises(models.ModelError, match=rf"no numbers \(NaN or infinite\) in {name}"):
        models.load(changed(folder, broken), device="cpu", dtype=dtype)


def test_what_overflows_in_a_sum_is_a_number(tmp_path):
    folder = changed(making.save("gpt2", tmp_path), lambda weights: weights | {"transformer.ln_f.bias": torch.full((24,), 3e38)})
    assert models.load(folder, device="cpu").sites


@pytest.mark.parametrize("tied", [True, False, None])
@pytest.mark.parametrize("held", ["shared", "encoder.embed_tokens", "decoder.embed_tokens"])
@pytest.mark.parametrize("name", ["bart", "m2m100", "t5"])
def test_both_stacks_read_with_the_one_table_that_is_stored(tmp_path, name, held, tied):
    """As converted files hold it: under whichever of its names comes first, beside a head of its own."""
    folder = families.save(name, tmp_path)
    torch.manual_seed(5)
    table, head = torch.randn(2, 32, 24)
    before = "" if name == "t5" else "model."

    def once(weights):
        kept = {key: w for key, w in weights.items() if not key.endswith(("shared.weight", "embed_tokens.weight", "lm_head.weight"))}
        return kept | {f"{before}{held}.weight": table.clone(), "lm_head.weight": head.clone()}

    changed(folder, once, **({} if tied is None else {"tie_word_embeddings": tied}))
    model = models.load(folder, device="cpu")
    network = model.network
    for embeddings in (network.get_encoder().embed_tokens, network.get_decoder().embed_tokens, network.get_input_embeddings()):
        assert torch.equal(embeddings.weight, table)
    assert torch.equal(network.get_output_embeddings().weight, head)
    assert model.trained and not model.notes


@pytest.mark.parametrize("held", ["shared", "encoder.embed_tokens"])
@pytest.mark.parametrize("kind", ["T5", "UMT5"])
def test_a_lone_encoder_reads_with_the_table_that_is_stored(tmp_path, kind, held):
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**families._T5, tie_word_embeddings=False)
    made = getattr(transformers, f"{kind}EncoderModel")(config)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    made.save_pretrained(tmp_path)
    making.tokenizer("t5").save_pretrained(tmp_path)
    table = torch.randn(32, 24)

    def once(weights):
        return {key: w for key, w in weights.items() if not key.endswith(("shared.weight", "embed_tokens.weight"))} | {f"{held}.weight": table}

    model = models.load(changed(tmp_path, once, tie_word_embeddings=False), device="cpu")
    assert torch.equal(model.network.encoder.embed_tokens.weight, table) and torch.equal(model.network.shared.weight, table)
    assert model.trained and not model.notes


def test_two_tables_that_are_stored_stay_two(tmp_path):
    folder = families.save("bart", tmp_path)
    torch.manual_seed(5)
    own = dict(zip(("model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight"), torch.randn(2, 32, 24), strict=True))
    network = models.load(changed(folder, lambda weights: weights | own, tie_word_embeddings=False), device="cpu").network
    assert torch.equal(network.get_encoder().embed_tokens.weight, own["model.encoder.embed_tokens.weight"])
    assert torch.equal(network.get_decoder().embed_tokens.weight, own["model.decoder.embed_tokens.weight"])


@pytest.mark.parametrize("said", [{"a": None}, {"a": 1}, {"a": ["one"]}, ["a"], None])
def test_an_index_that_names_no_files_is_refused_in_words(tmp_path, said):
    folder = making.save("bert", tmp_path)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": said}))
    with pytest.raises(models.ModelError, match=r"index\.json cannot be read") as caught:
        models.load(folder, device="cpu")
    assert caught.value.advice


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("network", [transformers.BartForSequenceClassification, transformers.BertForSequenceClassification])
def test_classes_without_names_are_counted_in_the_file(tmp_path, network, classes):
    """transformers 5 leaves two of them out of config.json, and reads three for BART."""
    name = "bart" if "Bart" in network.__name__ else "bert"
    folder = making.save(name, tmp_path)
    torch.manual_seed(classes)
    config = transformers.AutoConfig.from_pretrained(folder, num_labels=classes)
    config.architectures = [network.__name__]
    made = network(config).eval()
    made.save_pretrained(folder)
    said = json.loads((folder / "config.json").read_text())
    said.pop("id2label", None), said.pop("label2id", None)
    (folder / "config.json").write_text(json.dumps(said))
    model = models.load(folder, device="cpu")
    assert model.network.config.num_labels == classes
    ids = torch.tensor([[5, 6, 7, config.eos_token_id or 2]])
    with torch.no_grad():
        assert torch.allclose(model.network(input_ids=ids).logits, made(input_ids=ids).logits, atol=1e-6)
