"""A network that can be started in the middle: what lies below a layer is taken from an earlier run instead of computed.

Ablating one head after the other needs everything above the head, but nothing below it, to be run again. The network is
copied once without its weights, which both share; the copy's layers are wrapped, and the original, which other viewers use at
the same moment, never learns of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from models import attention
from models.opening.loading import Model
from models.surgery.private import private
from models.surgery.rows import LastRows


@dataclass(eq=False)
class Passed:
    """What each call of a layer returned in one forward pass, in the order of the calls.

    Attributes:
        outputs: what was returned.
        shared: by the name of an argument, what the call put into it for later layers: keys and values in Gemma 3n.
    """

    outputs: list[object] = field(default_factory=list)
    shared: list[dict[str, dict]] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Memory that the outputs take, in bytes; what several of them hold in common (T5's position bias) counts once."""
        shared = (tuple(filled.values()) for call in self.shared for filled in call.values())
        storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for output in (*self.outputs, *shared) for t in _tensors(output)}
        return sum(storages.values())

    def detached(self) -> Passed:
        """The same without what was recorded for gradients."""
        shared = [{name: {key: _detached(value) for key, value in filled.items()} for name, filled in call.items()} for call in self.shared]
        return Passed([_detached(output) for output in self.outputs], shared)

    @property
    def device(self) -> torch.device | None:
        """Where the outputs are; None where there is none."""
        return next((t.device for output in self.outputs for t in _tensors(output)), None)


class _Layer(nn.Module):
    """A layer of the copy. Tells its runner what it returned, or returns what it did in an earlier run."""

    def __init__(self, wrapped: nn.Module, runner: Runner) -> None:
        super().__init__()
        self.wrapped = wrapped
        self._runner = runner
        self._attending = [module for module in wrapped.modules() if id(module) in runner.sites_of]

    def __getattr__(self, name: str) -> object:
        # Some networks ask a layer for an attribute of its own, such as its attention type.
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("wrapped"), name)

    def forward(self, *args: object, **kwargs: object) -> object:
        runner = self._runner
        call = runner.calls
        runner.calls += 1
        if call < runner.start:
            output = runner.known.outputs[call]
            for module in self._attending:
                attention.passed_over(module)
            shared = runner.known.shared[call] if call < len(runner.known.shared) else {}
            for name, filled in shared.items():
                kwargs[name].update({key: _for_each(value, runner.times) for key, value in filled.items()})
            if runner.keep is not None:
                runner.keep.outputs.append(output)
                runner.keep.shared.append(shared)
            # The last one before the start is what is computed on; of the others only what they pass on counts.
            return _repeated(output, runner.times) if call == runner.start - 1 or runner.every else output
        if runner.between is not None:
            runner.between()
        runner.copying = call == runner.start and runner.times > 1
        before = {name: dict(given) for name, given in kwargs.items() if isinstance(given, MutableMapping)} if runner.keep is not None else {}
        try:
            output = self.wrapped(*args, **kwargs)
        finally:
            runner.copying = False
        if runner.keep is not None:
            runner.keep.outputs.append(output)
            runner.keep.shared.append({name: filled for name, held in before.items() if (filled := _filled(kwargs[name], held))})
        return output


class Runner:
    """A private copy of a model's network, sharing its weights, that can be resumed at any layer.

    One pass at a time: threads that share a runner hold `Model.lock` from the first thing that they set on it until the pass is
    over (as `explorer.tasks.base.Task.running` does), or make one each. Weights stay where `Model.network` has them.

    Attributes:
        network: the copy; call it only through `run` and `resume`.
        sites_of: site numbers by `id(module)` of the copy, for `models.attention.attending`.
        call_of: for each site, the number of the layer call that computes it.
        n_calls: layer calls of a whole pass.
        device: where the weights were when it was made.
        between: called before each layer that is computed, or None. What it raises ends the pass and reaches the caller; the runner
            can be used again. So a pass of many seconds is stopped within one layer.
        selected: bool (batch, token), the positions that the head computes logits for, (1, selected, vocabulary); None for all.
            Only where the network has a head that calls its base model; `did_select` says whether it was so in the last run.
        answers: nothing is read but the head's answer to each whole text; see `answer`.
    """

    def __init__(self, model: Model) -> None:
        self.network, self.device = private(model.network), model.device
        modules = dict(zip(map(id, model.network.modules()), self.network.modules(), strict=True))
        self.sites_of = {id(modules[original]): sites for original, sites in model.sites_of.items()}
        self.calls, self.start, self.times, self.every = 0, 0, 1, False
        self.known, self.keep = Passed(), None
        self.copying = False
        self.between: Callable[[], None] | None = None
        self.selected: Tensor | None = None
        self.did_select, self.answers = False, False
        layers = self._wrap(self.network, {modules[original] for original in model.sites_of})
        with model.lock:
            self.call_of, after = self._calls_of_sites(model, layers)
        self._rows = LastRows(self, *after)
        if (base := self.network.base_model) is not self.network:
            base.register_forward_hook(self._select)

    def run(self, inputs: Mapping[str, Tensor], keep: Passed | None = None) -> object:
        """A whole forward pass. `keep` collects what `resume` needs."""
        with self._rows.of_pass(inputs, keep is not None):
            self.calls, self.start, self.keep, self.did_select = 0, 0, keep, False
            try:
                return self.network(**inputs)
            finally:
                self.keep = None

    def resume(self, start: int, inputs: Mapping[str, Tensor], known: Passed, times: int = 1, keep: Passed | None = None) -> object:
        """A forward pass whose first `start` layer calls are taken from an earlier run.

        Args:
            start: number of the first layer call that is computed; `n_calls` computes only what comes after the layers.
            inputs: those of the earlier run, every example `times` times in a row.
            known: what the earlier run kept.
            times: copies per example.
            keep: collects what a later `resume` needs, what is taken from `known` included; only with one copy per example.

        Raises:
            ValueError: `keep` with several copies per example.
        """
        if keep is not None and times > 1:
            raise ValueError("what a pass kept belongs to one copy of each example")
        with self._rows.of_pass(inputs, keep is not None or start == self.n_calls):
            self.calls, self.start, self.known, self.times, self.keep, self.did_select = 0, start, known, times, keep, False
            try:
                return self.network(**inputs)
            finally:
                self.known, self.start, self.times, self.keep = Passed(), 0, 1, None

    def answer(self, forward: Callable[[Mapping[str, Tensor]], object], inputs: Mapping[str, Tensor]) -> Tensor:
        """Logits of a head that answers for whole texts, (batch, outputs), where nothing else of the pass is read.

        Args:
            forward: calls `run` or `resume`.
            inputs: what it is given.
        """
        self.answers = True
        try:
            return forward(inputs).logits
        finally:
            self.answers = False

    def _select(self, module: nn.Module, args: tuple, output: object) -> object:
        # The head sees only the positions that are asked for: most of a language model's time may go into its vocabulary.
        self.did_select = self.selected is not None
        if self.did_select:
            output.last_hidden_state = output.last_hidden_state[self.selected][None]
        return output

    def _share(self, module: nn.Module) -> None:
        """Computes once what all copies of an example have in common."""
        module.register_forward_pre_hook(lambda _module, args: (args[0][:: self.times].contiguous(), *args[1:]) if self.copying else None)
        module.register_forward_hook(lambda _module, args, out: out.repeat_interleave(self.times, dim=0) if self.copying else None)

    def _wrap(self, module: nn.Module, attending: set[nn.Module]) -> list[_Layer]:
        """Wraps the elements of the outermost lists that hold attention: the layers."""
        layers = []
        for child in module.children():
            for i, element in enumerate(child) if isinstance(child, nn.ModuleList) else ():
                if not attending.isdisjoint(element.modules()):
                    child[i] = _Layer(element, self)
                    layers.append(child[i])
            if not isinstance(child, nn.ModuleList):
                layers += self._wrap(child, attending)
        return layers

    def _calls_of_sites(self, model: Model, layers: list[_Layer]) -> tuple[dict[int, int], tuple[list[nn.Module], int]]:
        """The layer call of each site; and what the last one projects after its attention, with the width of what it returns."""
        # Modules that share weights take turns (ALBERT): the n-th call of a layer serves the n-th site of each of its modules.
        order: list[_Layer] = []
        before: dict[nn.Module, bool] = {}
        after: list[tuple[nn.Module, int, int]] = []
        width = [0]

        def note(module: nn.Module, args: tuple) -> None:
            # Called only before any attention of its layer, on (batch, token, width): projections to queries, keys and values.
            early = len(run.records) == entered[-1] and bool(args) and args[0].shape[:-1] == sample.shape
            before[module] = early and before.get(module, True)
            after.append((module, len(order), len(run.records)))

        def noted(_module: nn.Module, _args: tuple, output: object) -> None:
            width[0] = next(_tensors(output)).shape[-1]

        entered = [-1]
        hooks = [layer.register_forward_pre_hook(lambda module, args: order.append(module)) for layer in layers]
        hooks += [layer.register_forward_pre_hook(lambda module, args: entered.append(len(run.records))) for layer in layers]
        hooks += [layer.register_forward_hook(noted) for layer in layers]
        hooks += [m.register_forward_pre_hook(note) for layer in layers for m in layer.modules() if isinstance(m, nn.Linear | Conv1D)]
        with torch.inference_mode(), attention.attending() as run:
            sample = torch.full((1, 2), 1, device=model.device)
            given = {"input_ids": sample} | ({"decoder_input_ids": sample} if model.kind == "encoder-decoder" else {})
            self.network.base_model(**given)  # without the head: some insist on an end token
        for hook in hooks:
            hook.remove()
        for module, early in before.items():
            if early:
                self._share(module)
        self.n_calls = len(order)
        found, turn = {}, {}
        for call, layer in enumerate(order):
            at = turn.get(id(layer), 0)
            turn[id(layer)] = at + 1
            for module in layer.modules():
                sites = self.sites_of.get(id(module), ())
                if len(sites) > at:
                    found[sites[at]] = call
        # A decoder's layers read what the encoder passed on through their arguments, so all of it is repeated.
        self.every = model.kind == "encoder-decoder"
        last = [(module, records) for module, call, records in after if call == len(order)]
        still_attending = {module for module, records in last if records < len(run.records)}
        return found, ([module for module in dict(last) if module not in still_attending], width[0])


def repeated(inputs: Mapping[str, Tensor], times: int) -> dict[str, Tensor]:
    """Every example `times` times in a row: a, a, b, b, .."""
    return {name: values.repeat_interleave(times, dim=0) for name, values in inputs.items()}


def _tensors(output: object) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, tuple):
        for part in output:
            yield from _tensors(part)


def _filled(given: Mapping, before: Mapping) -> dict:
    """What is in a mapping now that was not before."""
    return {key: value for key, value in given.items() if before.get(key) is not value}


def _for_each(value: object, times: int) -> object:
    """Tensors (batch, ..), every example `times` times in a row."""
    if isinstance(value, tuple):
        return tuple(_for_each(part, times) for part in value)
    return value.repeat_interleave(times, dim=0) if isinstance(value, Tensor) and times > 1 else value


def _detached(output: object) -> object:
    if isinstance(output, tuple):
        return tuple(map(_detached, output))
    return output.detach() if isinstance(output, Tensor) else output


def _repeated(output: object, times: int, states: bool = True) -> object:
    """What a layer returned, every example `times` times in a row; `states` says that a tensor holds the states of the tokens."""
    if times == 1:
        return output
    if isinstance(output, Tensor):
        # What has no axis of examples (a position bias of T5 has one of size 1) stays as it is. Gemma 3n has several versions of each
        # token's state: (versions, batch, token, width).
        axis = output.dim() - 3
        return output.repeat_interleave(times, dim=axis) if axis == 0 or (axis > 0 and states) else output
    if isinstance(output, tuple):
        return tuple(_repeated(part, times, states and i == 0) for i, part in enumerate(output))
    return output
