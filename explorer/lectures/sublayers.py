"""Parts of the layers of a real network: who hears of a token, which units fire (Q19), what a layer is worth (Q17), its norms (Q18)."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import torch
from torch import Tensor, nn

from explorer.lens.frozen import is_activation, is_norm, layers_in
from explorer.reading import Tokens
from models import Model
from models.opening import sites
from models.surgery.private import private

SEED = 19
"""Of the vector that takes the place of a token."""


def blocks(model: Model) -> list[nn.Module]:
    """The layers of a network, each with its attention; empty where they cannot be told."""
    return layers_in(model.network, attending(model))


def attending(model: Model) -> set[nn.Module]:
    return {module for module in model.network.modules() if id(module) in model.sites_of}


def taken_apart(model: Model) -> tuple[nn.Module, list[nn.Module], set[nn.Module]]:
    """A private copy of the network, which shares its weights and takes hooks; its layers, and its modules that attend."""
    network = private(model.network)
    twins = dict(zip(model.network.modules(), network.modules(), strict=True))
    inside = {twins[module] for module in attending(model)}
    return network, layers_in(network, inside), inside


def moves(model: Model, tokens: Tokens, layer: int, at: int) -> dict[str, np.ndarray]:
    """How far outputs move at each position when one token of the stream before a layer is another vector of the same length, (n,) each.

    Returns:
        attention: what attention gives; ffn: what the layer gives while attention still gives what it gave; layer: what it gives as a whole.
        Each as a share of the longest output.
    """
    network, layers, inside = taken_apart(model)
    block = layers[layer]
    attention = next(module for module in block.modules() if module in inside)
    kept: dict[str, object] = {}

    def note(_module: nn.Module, args: tuple, kwargs: dict) -> None:
        kept["called"] = (args, kwargs)

    with ExitStack() as hooks, model.lock, torch.inference_mode():
        hooks.callback(block.register_forward_pre_hook(note, with_kwargs=True).remove)
        network.base_model(**sites.inputs_for(network, **tokens.inputs(model.device)))
    args, kwargs = kept["called"]
    stream = args[0] if args else kwargs["hidden_states"]
    other = torch.randn(stream.shape[-1], generator=torch.Generator().manual_seed(SEED)).to(stream)
    disturbed = stream.clone()
    disturbed[0, at] = other * stream[0, at].norm() / other.norm()

    def run(x: Tensor, held: object = None) -> tuple[Tensor, object]:
        given = {}

        def attended(_module: nn.Module, _args: tuple, output: object) -> object:
            given["attention"] = output if held is None else held
            return held

        with model.lock, torch.inference_mode(), ExitStack() as hooks:
            hooks.callback(attention.register_forward_hook(attended).remove)
            made = block(x, *args[1:], **kwargs) if args else block(**kwargs | {"hidden_states": x})
        return _first(made), given["attention"]

    before, gave = run(stream)
    whole_, gives = run(disturbed)
    alone, _held = run(disturbed, gave)
    pairs = {"attention": (_first(gave), _first(gives)), "ffn": (before, alone), "layer": (before, whole_)}
    return {name: ((b - a).norm(dim=-1) / a.norm(dim=-1).max())[0].float().cpu().numpy() for name, (a, b) in pairs.items()}


def _first(output: object) -> Tensor:
    return output if isinstance(output, Tensor) else output[0]


def units(model: Model, tokens: Tokens) -> list[np.ndarray]:
    """What the activation of each layer's feed-forward network gives, (n, units) each; empty where activations are no modules."""
    found: list[Tensor] = []
    with ExitStack() as hooks, model.lock, torch.inference_mode():
        network, layers, _inside = taken_apart(model)
        for block in layers:
            for module in [module for module in block.modules() if is_activation(module)][:1]:
                hooks.callback(module.register_forward_hook(lambda _m, _a, output: found.append(output.reshape(-1, output.shape[-1]))).remove)
        network.base_model(**sites.inputs_for(network, **tokens.inputs(model.device)))
    return [one.float().cpu().numpy() for one in found]


def losses(model: Model, tokens: Tokens) -> list[float]:
    """Mean loss of the next token in nats, of the model and with each of its layers cut out: the stream goes round it."""
    ids = torch.tensor(tokens.ids)
    network, layers, _inside = taken_apart(model)
    found = []
    for cut in (None, *layers):
        with ExitStack() as hooks, model.lock, torch.inference_mode():
            if cut is not None:
                hooks.callback(cut.register_forward_hook(_round, with_kwargs=True).remove)
            logits = network(**sites.inputs_for(network, **tokens.inputs(model.device))).logits[0].float().cpu()
        found.append(float(nn.functional.cross_entropy(logits[:-1], ids[1:])))
    return found


def _round(_module: nn.Module, args: tuple, kwargs: dict, output: object) -> object:
    stream = args[0] if args else kwargs["hidden_states"]
    return stream if isinstance(output, Tensor) else (stream, *output[1:])


def streams(model: Model, tokens: Tokens) -> list[Tensor]:
    """The stream before the first layer and after each, (n, width) each, norms after the last layer left out."""
    found: list[Tensor] = []
    with ExitStack() as hooks, model.lock, torch.inference_mode():
        network, each, _inside = taken_apart(model)

        def begin(_module: nn.Module, args: tuple, kwargs: dict) -> None:
            found.append((args[0] if args else kwargs["hidden_states"])[0])

        hooks.callback(each[0].register_forward_pre_hook(begin, with_kwargs=True).remove)
        for block in each:
            hooks.callback(block.register_forward_hook(lambda _m, _a, output: found.append(_first(output)[0])).remove)
        network.base_model(**sites.inputs_for(network, **tokens.inputs(model.device)))
    return [one.float().cpu() for one in found]


def norms(model: Model, tokens: Tokens) -> tuple[str, str]:
    """Where the first layer of a network normalises, and the class of its norms, as it runs.

    Returns:
        "pre" where a norm comes before attention, "post" where what leaves the layer is what a norm gave, "both", or "other"; and the name
        of the class, empty where there is no norm.
    """
    seen: list[str] = []
    gave: dict[str, Tensor] = {}
    with ExitStack() as hooks, model.lock, torch.inference_mode():
        network, layers, inside = taken_apart(model)
        block = layers[0]
        called = [module for module in block.modules() if is_norm(module)]

        def normed(_module: nn.Module, _args: tuple, output: Tensor) -> None:
            seen.append("norm")
            gave["norm"] = output

        for module in block.modules():
            if is_norm(module):
                hooks.callback(module.register_forward_hook(normed).remove)
            elif module in inside:
                hooks.callback(module.register_forward_pre_hook(lambda _module, _args: seen.append("attention")).remove)
        hooks.callback(block.register_forward_hook(lambda _m, _a, output: gave.update(block=_first(output))).remove)
        network.base_model(**sites.inputs_for(network, **tokens.inputs(model.device)))
    before = seen[:1] == ["norm"]
    after = "norm" in gave and gave["norm"].shape == gave["block"].shape and torch.equal(gave["norm"], gave["block"])
    place = {(True, True): "both", (True, False): "pre", (False, True): "post", (False, False): "other"}[before, after]
    return place, type(called[0]).__name__ if called else ""
