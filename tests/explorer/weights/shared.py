"""An independent way to what a head would do: the network itself, run so that its stream holds tokens alone."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
import torch
from torch import nn

import models
from explorer.lens.frozen import layers_in
from models import attention
from models.opening import sites
from models.opening.in_float32 import exact
from models.surgery.private import private
from models.surgery.projections import of_sites
from models.toy import ToyModel

CHUNK = 20


def sizes(model: models.Model) -> int:
    """Tokens with a name that are also in the table."""
    return min(len(model.tokenizer), model.network.get_input_embeddings().weight.shape[0])


def position_tables(network: nn.Module) -> list[torch.Tensor]:
    """The tables of positions, as they are called in the architectures of `tests.tiny`."""
    names = ("position_embeddings", "embed_positions", "wpe")
    return [m.weight for name, m in network.named_modules() if isinstance(m, nn.Embedding) and name.rpartition(".")[2] in names]


@contextmanager
def alone(model: models.Model, normed: bool) -> Iterator[nn.Module]:
    """A network without positions (with their mean where a norm follows), in which rotations do not turn, and layers pass on what they got."""
    network = private(model.network)
    with ExitStack() as hooks:
        for module in network.modules():
            if isinstance(module, nn.Embedding) and any(module.weight is table for table in position_tables(network)):
                start = {"roberta": 1, "opt": 2, "bart": 2}.get(model.network.config.model_type, 0)
                mean = module.weight[start:].detach().float().mean(0) * float(normed)
                hooks.callback(module.register_forward_hook(lambda _m, _a, out, mean=mean: mean.to(out).expand_as(out)).remove)
        if isinstance(network, ToyModel):
            network.config.position_interpolation = 1e9
            network.transformer.embedding.order = lambda n: torch.zeros(n, network.config.d_model)
        twins = dict(zip(map(id, model.network.modules()), network.modules(), strict=True))
        for of in of_sites(model).values():
            hooks.callback(twins[id(of.output)].register_forward_hook(lambda _m, _a, out: torch.zeros_like(out)).remove)
        for layer in layers_in(network, {twins[module] for module in model.sites_of}):
            hooks.callback(layer.register_forward_hook(_passing, with_kwargs=True).remove)
        yield network


def _passing(_module: nn.Module, args: tuple, kwargs: dict, output: object) -> object:
    stream = args[0] if args else kwargs["hidden_states"]
    return stream if isinstance(output, torch.Tensor) else (stream, *output[1:])


def brute_arriving(model: models.Model, site: sites.Site, head: int) -> np.ndarray:
    """Scores of all pairs of tokens, (size, size), each as it arrives at a layer of a text of itself alone, at the mean position."""
    network = private(model.network)
    for module in network.modules():
        if isinstance(module, nn.Embedding) and any(module.weight is table for table in position_tables(network)):
            mean = module.weight.detach().float().mean(0)
            module.register_forward_hook(lambda _m, _a, out, mean=mean: mean.to(out).expand_as(out))
    sites_of = {id(m): model.sites_of.get(id(own), ()) for own, m in zip(model.network.modules(), network.modules(), strict=True)}
    ids = torch.arange(sizes(model))[:, None]
    with torch.no_grad(), attention.attending({key: numbers for key, numbers in sites_of.items() if numbers}) as run:
        network.base_model(**sites.inputs_for(network, input_ids=ids))
    record = next(record for record in run.records if record.site == site.index)
    query, key = record.query[:, head, 0].double(), record.key[:, head // record.group, 0].double()
    return (float(record.scale[0, head if record.scale.shape[1] > 1 else 0]) * query @ key.T).numpy()


def brute(model: models.Model, site: sites.Site, normed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Queries (times the scale), keys and values of all tokens as the network gives them to its attention, (heads, size, d_k) each."""
    found = []
    with alone(model, normed) as network, torch.no_grad(), exact(network):
        sites_of = dict(zip(map(id, network.modules()), (model.sites_of.get(id(m)) for m in model.network.modules()), strict=True))
        sites_of = {module: numbers for module, numbers in sites_of.items() if numbers}
        for start in range(0, sizes(model), CHUNK):
            ids = torch.arange(start, min(start + CHUNK, sizes(model)))[None]
            given = {"input_ids": ids} | ({"decoder_input_ids": ids} if model.kind == "encoder-decoder" else {})
            if model.network.config.model_type in ("llama", "gpt_neox"):
                given["position_ids"] = torch.zeros_like(ids)
            with attention.attending(sites_of) as run:
                network.base_model(**sites.inputs_for(network, **given))
            record = next(record for record in run.records if record.site == site.index)
            key, value = (x[0].float().repeat_interleave(record.group, dim=0) for x in (record.key, record.value))
            found.append([record.query[0].float() * record.scale[0].float(), key, value])
    return tuple(torch.cat(parts, dim=1).double().numpy() for parts in zip(*found, strict=True))


@pytest.fixture(scope="session")
def in_precision(tmp_path_factory):
    """Loads a tiny model in a precision, once each."""
    from tests import tiny as making

    made = {}

    def load(name: str, dtype: str = "float32") -> models.Model:
        if (name, dtype) not in made:
            folder = tmp_path_factory.mktemp(name)
            making.save(name, folder)
            made[name, dtype] = models.load(folder, device="cpu", dtype=dtype)
        return made[name, dtype]

    return load
