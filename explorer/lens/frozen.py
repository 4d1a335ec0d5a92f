"""A network in which a logit is a sum: what heads and feed-forward layers give is fixed, and so is each norm's scale.

Whatever lies between them, the residual connections, the norms and the output head, is then affine in what they give. The network is
a private copy that shares the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from models import Model, attention
from models.opening import sites
from models.surgery.private import private


@dataclass(eq=False)
class Given:
    """What the fixed parts of a network gave, each a leaf that gradients reach.

    Attributes:
        embedding: what enters the first layer, (1, n, width).
        heads: by site, outputs z of its heads before the output projection, (1, heads, n, value dim).
        feed_forward: by layer, what its feed-forward network gave, each (1, n, ..).
    """

    embedding: list[Tensor] = field(default_factory=list)
    heads: dict[int, Tensor] = field(default_factory=dict)
    feed_forward: dict[int, list[Tensor]] = field(default_factory=dict)

    def leaves(self) -> list[Tensor]:
        return [*self.embedding, *self.heads.values(), *(leaf for leaves in self.feed_forward.values() for leaf in leaves)]


class Frozen:
    """A private copy of a model's network whose norms, activations, heads and feed-forward layers are fixed on one text.

    The first `logits` fixes them, and `given` holds what they gave; `constant` is the same with all of that set to zero.

    Args:
        model: a lone stack with a vocabulary to predict.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.network = private(model.network)
        modules = dict(zip(map(id, model.network.modules()), self.network.modules(), strict=True))
        self.sites_of = {id(modules[original]): numbers for original, numbers in model.sites_of.items()}
        self.given = Given()
        self._attending = {modules[original] for original in model.sites_of}
        self._fixed: list[Tensor] = []
        self._step = 0
        self._empty = False
        self._layer, self._inside = -1, False
        for layer in layers_in(self.network, self._attending):
            layer.register_forward_pre_hook(self._enter, with_kwargs=True)
            layer.register_forward_hook(self._leave)
            for module in self._feed_forward(layer):
                module.register_forward_hook(self._feed)
            for module in layer.modules():
                if is_norm(module):
                    module.register_forward_hook(self._normed)
        inside = {module for layer in layers_in(self.network, self._attending) for module in layer.modules()}
        for module in self.network.modules():
            if module not in inside and (is_norm(module) or is_activation(module)):
                # An activation beyond the layers, as in BERT's head, becomes the factor by which it scaled each number.
                module.register_forward_hook(self._normed)

    def logits(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Logits (1, n, vocabulary), as a function of `given`; within rounding those of the model."""
        with torch.no_grad(), attention.attending(self.model.sites_of) as run:
            self.model.network(**sites.inputs_for(self.model.network, **inputs))
        self.given = Given()
        for record in run.records:
            each = [record.output(head) for head in range(record.heads)]
            # A layer may have lost all its heads.
            z = torch.stack(each)[None] if each else record.query.new_zeros(1, 0, record.query.shape[2], record.value.shape[-1])
            self.given.heads[record.site] = z.detach().to(self.model.dtype).requires_grad_()
        self._fixed, self._empty = [], False
        return self._forward(inputs, self.given.heads)

    def constant(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Logits (1, n, vocabulary) of biases alone: all that `given` holds is zero, and every norm's scale is as it was."""
        self._empty = True
        with torch.no_grad():
            return self._forward(inputs, {site: torch.zeros_like(z) for site, z in self.given.heads.items()})

    def _forward(self, inputs: Mapping[str, Tensor], heads: Mapping[int, Tensor]) -> Tensor:
        self._step, self._layer = 0, -1
        off = {site: torch.zeros(z.shape[1], device=z.device) for site, z in heads.items()}
        changes = {site: attention.Change(gate=off[site], replacement=z) for site, z in heads.items()}
        with attention.attending(self.sites_of, changes=changes, record=False), _Functions(self):
            return self.network(**sites.inputs_for(self.network, **inputs)).logits

    def _enter(self, _module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        self._layer, self._inside = self._layer + 1, True
        if self._layer:
            return args, kwargs
        hidden = args[0] if args else kwargs["hidden_states"]
        if self._empty:
            leaf = torch.zeros_like(hidden)
        else:
            leaf = hidden.detach().requires_grad_()
            self.given.embedding.append(leaf)
        return ((leaf, *args[1:]), kwargs) if args else (args, kwargs | {"hidden_states": leaf})

    def _leave(self, *_called: object) -> None:
        self._inside = False

    def _feed(self, _module: nn.Module, _args: tuple, output: Tensor) -> Tensor:
        if self._empty:
            return torch.zeros_like(output)
        leaf = output.detach().requires_grad_()
        self.given.feed_forward.setdefault(self._layer, []).append(leaf)
        return leaf

    def _normed(self, module: nn.Module, args: tuple, output: Tensor) -> Tensor:
        """The same output, as an affine function of the input: what the module scaled it by is a number from now on."""
        x, step = args[0], self._step
        if not isinstance(module, nn.LayerNorm):
            return self.scaled(x, output)
        self._step += 1
        if step == len(self._fixed):
            self._fixed.append((x.var(-1, keepdim=True, unbiased=False) + module.eps).rsqrt().detach())
        normed = (x - x.mean(-1, keepdim=True)) * self._fixed[step]
        normed = normed if module.weight is None else normed * module.weight
        return normed if module.bias is None else normed + module.bias

    def scaled(self, x: Tensor, output: Tensor) -> Tensor:
        """`output`, as x times factors that are numbers from now on."""
        step = self._step
        self._step += 1
        if step == len(self._fixed):
            self._fixed.append(torch.where(x == 0, torch.zeros_like(x), output / x).detach())
        return x * self._fixed[step]

    @property
    def beyond(self) -> bool:
        """Whether what runs now is after the layers."""
        return self._layer >= 0 and not self._inside

    def _feed_forward(self, layer: nn.Module) -> list[nn.Module]:
        """For each activation of a layer, the largest module around it that has neither attention nor a norm; it is fixed as a whole."""
        found: dict[nn.Module, None] = {}
        for name, module in layer.named_modules():
            if not is_activation(module) or any(module in other.modules() for other in self._attending):
                continue
            around = [layer.get_submodule(".".join(name.split(".")[:i])) for i in range(1, name.count(".") + 2)]
            found[next(m for m in around if not any(is_norm(inner) or inner in self._attending for inner in m.modules()))] = None
        return list(found)


class _Functions(TorchFunctionMode):
    """Activations that are called as functions after the layers, as in RoBERTa's head."""

    def __init__(self, frozen: Frozen) -> None:
        super().__init__()
        self._frozen = frozen

    def __torch_function__(self, func: object, types: object, args: tuple = (), kwargs: dict | None = None) -> object:
        output = func(*args, **(kwargs or {}))
        if func in (functional.gelu, functional.relu, functional.silu) and self._frozen.beyond:
            return self._frozen.scaled(args[0], output)
        return output


def layers_in(module: nn.Module, attending: set[nn.Module]) -> list[nn.Module]:
    """The elements of the outermost lists that hold attention."""
    found = []
    for child in module.children():
        if isinstance(child, nn.ModuleList):
            found += [element for element in child if not attending.isdisjoint(element.modules())]
        else:
            found += layers_in(child, attending)
    return found


def is_norm(module: nn.Module) -> bool:
    return isinstance(module, nn.LayerNorm | nn.RMSNorm) or type(module).__name__.endswith(("RMSNorm", "T5LayerNorm"))


def is_activation(module: nn.Module) -> bool:
    return type(module).__module__ in ("torch.nn.modules.activation", "transformers.activations") and not isinstance(module, nn.Softmax)
