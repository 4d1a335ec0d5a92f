"""Opening models: what is found out about them, and what is said when they cannot be opened."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import models
from models.errors import OutOfMemoryError
from models.opening import catalogue, devices, folder, hub
from tests import tiny as making


def test_the_bundled_bert(bert):
    assert (bert.kind, bert.parts, len(bert.sites), bert.sites[0].heads) == ("encoder", ("encoder",), 6, 12)
    assert bert.parameters == 22_713_216 and bert.max_length == 512 and bert.trained and bert.origin == "bundled"
    assert bert.memory_bytes >= 4 * bert.parameters


def test_other_weights_are_refused_as_the_bundled_bert(monkeypatch):
    monkeypatch.setattr(catalogue, "_SHA256", "0" * 64)
    with pytest.raises(models.ModelError, match="sha256"):
        models.load("bert")


@pytest.mark.parametrize("name", making.DISPATCHED)
def test_kind_sites_and_random_weights(tiny, name):
    model = tiny(name)
    kind = "encoder" if name in making.ENCODERS else "decoder" if name in making.DECODERS else "encoder-decoder"
    assert model.kind == kind
    assert [len(model.sites_in(part)) for part in model.parts] == [2] * (3 if kind == "encoder-decoder" else 1)
    assert {site.kv_heads for site in model.sites} == {2 if name == "llama" else 4}


def test_a_model_outside_the_interface_opens_view_only(tiny):
    model = tiny("falcon")
    assert model.view_only and model.kind == "decoder" and len(model.sites) == 2


def test_untrained_weights_are_called_random(tmp_path):
    import transformers

    torch.manual_seed(0)
    transformers.BertModel(transformers.BertConfig(**making._BERT)).save_pretrained(tmp_path)
    making.tokenizer("bert").save_pretrained(tmp_path)
    assert not models.load(tmp_path).trained


@pytest.fixture
def copied(tmp_path, tiny):
    making.save("bert", tmp_path / "model")
    return tmp_path / "model"


def test_the_short_name_of_a_folder_is_its_own(copied, monkeypatch):
    assert models.load(str(copied)).short_name == copied.name
    monkeypatch.chdir(copied)
    assert models.load(".").short_name == copied.name
    assert models.load("bert").short_name == models.load("bert").name


def test_a_missing_folder(tmp_path):
    with pytest.raises(models.ModelError, match="no folder"):
        models.load(tmp_path / "nowhere")


def test_a_broken_config(copied):
    (copied / "config.json").write_text("{")
    with pytest.raises(models.ModelError, match="cannot be read"):
        models.load(copied)


def test_a_pickle_only_folder(copied):
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(models.ModelError, match="pickle"):
        models.load(copied)


def test_broken_weights(copied):
    (copied / "model.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(models.ModelError, match="broken"):
        models.load(copied)


def test_a_broken_tokenizer(copied):
    (copied / "tokenizer.json").write_text("{}")
    with pytest.raises(models.ModelError):
        models.load(copied)


def test_no_tokenizer(copied):
    for file in copied.glob("token*"):
        file.unlink()
    with pytest.raises(models.ModelError, match="tokenizer"):
        models.load(copied)


def test_missing_weights_are_told(copied):
    kept = {k: v.contiguous() for k, v in load_file(copied / "model.safetensors").items() if "layer.1.attention" not in k}
    save_file(kept, copied / "model.safetensors", metadata={"format": "pt"})
    model = models.load(copied)
    assert not model.trained and "random" in model.notes[0]


def _configured(folder: Path, **values: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | values))


def test_layers_that_the_configuration_leaves_out_are_told(copied):
    assert not models.load(copied, device="cpu").notes
    _configured(copied, num_hidden_layers=1)
    model = models.load(copied, device="cpu")
    assert len(model.sites) == 1 and model.trained
    assert model.notes == (
        "The file also holds bert.encoder.layer.1.attention.output.LayerNorm.bias and the like, of more layers than config.json says: "
        "they are left out.",
    )


def test_weights_of_another_shape_are_named(copied):
    weights = load_file(copied / "model.safetensors")
    name = "bert.embeddings.word_embeddings.weight"
    weights[name] = weights[name][:-5].clone()
    save_file(weights, copied / "model.safetensors", {"format": "pt"})
    with pytest.raises(models.ModelError, match="has another shape in the file"):
        models.load(copied, device="cpu")


def test_a_model_without_attention(tmp_path):
    import transformers

    config = transformers.MambaConfig(vocab_size=32, hidden_size=16, num_hidden_layers=1, state_size=4)
    transformers.MambaForCausalLM(config).save_pretrained(tmp_path)
    making.tokenizer("llama").save_pretrained(tmp_path)
    with pytest.raises(models.ModelError, match="attention"):
        models.load(tmp_path)


def test_code_of_a_model_is_never_run(copied):
    config = json.loads((copied / "config.json").read_text())
    config |= {"model_type": "nobody_knows", "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}
    (copied / "config.json").write_text(json.dumps(config))
    (copied / "evil.py").write_text("raise SystemExit('ran')")
    with pytest.raises(models.ModelError):
        models.load(copied)


def test_unknown_device_and_dtype():
    with pytest.raises(models.ModelError, match="device"):
        models.load("bert", device="abacus")
    with pytest.raises(models.ModelError, match="dtype"):
        models.load("bert", dtype="int3")


def test_a_full_accelerator_falls_back_to_the_cpu():
    class Full(torch.nn.Linear):
        dtype = torch.float32

        def to(self, device):
            if str(device) != "cpu":
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self

    network, device, notes = devices.moved(Full(1, 1), torch.device("cuda"), fallback=True)
    assert str(device) == "cpu" and "no room" in notes[0] and network is not None
    with pytest.raises(models.errors.OutOfMemoryError):
        devices.moved(Full(1, 1), torch.device("cuda"), fallback=False)


def _response(status: int):
    import httpx2 as httpx

    return httpx.Response(status, request=httpx.Request("GET", "http://hub.invalid"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (lambda e: e.GatedRepoError("x", response=_response(403)), "gated"),
        (lambda e: e.RepositoryNotFoundError("x", response=_response(404)), "knows no model"),
        (lambda e: e.HfHubHTTPError("x", response=_response(503)), "cannot be reached"),
        (lambda e: e.LocalEntryNotFoundError("x"), "cannot be reached"),
        (lambda e: e.OfflineModeIsEnabled("x"), "cannot be reached"),
        (lambda e: ConnectionError("x"), "cannot be reached"),
        (lambda e: OSError(28, "No space left on device"), "disk is full"),
    ],
)
def test_the_hub_fails(monkeypatch, error, said):
    import huggingface_hub.errors as errors

    def fail(*args, **kwargs):
        raise error(errors)

    monkeypatch.setattr(hub, "_cached", lambda repo, revision: None)
    monkeypatch.setattr(hub, "_download", fail)
    with pytest.raises(models.ModelError, match=said):
        models.load("owner/model")


def test_a_hub_model_with_pickle_only_is_refused(monkeypatch):
    monkeypatch.setattr(hub, "_cached", lambda repo, revision: None)
    monkeypatch.setattr(hub, "_top_level", lambda api, repo, revision: {"config.json": 500, "pytorch_model.bin": 10**6})
    monkeypatch.setattr(hub, "_conversion", lambda api, repo: None)
    with pytest.raises(models.ModelError, match="pickle"):
        models.load("owner/model")


def test_a_fetched_model_opens_with_progress(monkeypatch, copied):
    told = []
    monkeypatch.setattr(hub, "_cached", lambda repo, revision: None)
    monkeypatch.setattr(hub, "_top_level", lambda api, repo, revision: {"config.json": 500, "model.safetensors": 10**6})
    monkeypatch.setattr(hub, "snapshot_download", lambda *args, **kwargs: str(shutil.copytree(copied, copied.parent / "hub")))
    model = models.load("owner/model", progress=lambda what, share: told.append(share))
    assert model.origin == "hub owner/model" and told[-1] == 1.0


def test_catalogue_names_are_whole():
    assert all("/" in entry.name or entry.bundled for entry in models.CATALOGUE)
    assert set(catalogue.ALIASES.values()) <= {entry.name for entry in models.CATALOGUE}
    assert folder.numbers(catalogue.bundled_folder(catalogue.BUNDLED_BERT)) > 20e6


def test_a_full_accelerator_is_told_in_words_and_other_errors_stay():
    device = torch.device("cpu")
    with pytest.raises(models.errors.OutOfMemoryError, match="no room for 7 tokens"), devices.room_on(device, "7 tokens"):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
    with pytest.raises(RuntimeError, match="shapes"), devices.room_on(device, "7 tokens"):
        raise RuntimeError("shapes do not match")


def test_auto_goes_to_the_cpu_where_an_accelerator_will_never_have_room(monkeypatch):
    monkeypatch.setattr(devices, "chosen", lambda _name: torch.device("cuda"))
    asked = []

    def admit(device, needs):
        asked.append((device.type, needs))
        if device.type == "cuda":
            raise OutOfMemoryError("no room")

    model = models.load("bert", admit=admit)
    numbers = folder.numbers(catalogue.bundled_folder(catalogue.resolve("bert")))
    assert asked == [("cuda", 2 * numbers), ("cpu", 4 * numbers)]
    assert model.device.type == "cpu"
    assert any("cuda has no room" in note for note in model.notes)
    with pytest.raises(OutOfMemoryError):
        models.load("bert", device="cuda", admit=admit)
