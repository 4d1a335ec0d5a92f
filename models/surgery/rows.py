"""The last layer of a network, computed after its attention only for the tokens whose state is read: nobody mixes tokens any more there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models import attention
from models.opening import sites

if TYPE_CHECKING:
    from models.surgery.resume import Runner

_SELECTED, _FIRST, _LAST = "selected", "first", "last"
"""Which tokens are read: those that the runner selects; or one of each text, by a head that answers for a whole text."""
_MOST = 0.75
"""Share of all tokens above which it costs more to leave the others out than it spares."""


class LastRows:
    """What the last layer projects of each token by itself, after its attention, computed for some tokens alone.

    What comes out as wide as the stream is put back among all tokens, with zeros for those that were left out, as it is added to the stream
    there; anything else (the inner states of a feed-forward layer) stays short until then. What is said of the others is wrong. So it is
    tried once, with no numbers (nan) in their place, whether a network reads anything of them. Where it does, all tokens are computed; so they
    are where gradients are asked for.
    """

    def __init__(self, runner: Runner, modules: Iterable[nn.Module], width: int) -> None:
        """Puts hooks on the modules, which are those of the runner's own copy.

        Args:
            runner: whose passes they are.
            modules: linear maps that its last layer calls after all of its attention.
            width: of the stream.
        """
        self._runner, self._width = runner, width
        self._wanted: Tensor | None = None
        self._n = 0
        self._left_out = 0.0
        self._tried: dict[str, bool] = {}
        for module in modules:
            module.register_forward_pre_hook(self._short)
            module.register_forward_hook(self._whole)

    @contextmanager
    def of_pass(self, inputs: Mapping[str, Tensor], whole: bool) -> Iterator[None]:
        """A block in which the runner's network runs on these inputs.

        Args:
            inputs: of the pass.
            whole: it computes all tokens: what is kept of a pass is right for all of them. Or it computes no layer.
        """
        with self._only(None if whole else self._read(inputs)):
            yield

    def _read(self, inputs: Mapping[str, Tensor]) -> Tensor | None:
        """The tokens whose state after the last layer is read, bool (batch, token); None for all or most, and where that is not known."""
        runner = self._runner
        if torch.is_grad_enabled():
            return None
        if runner.selected is not None:
            wanted = runner.selected if self._serves(_SELECTED) else None
        elif runner.answers:
            ids = inputs.get("decoder_input_ids", inputs["input_ids"])
            wanted = next((_one_of_each(ids, which) for which in (_FIRST, _LAST) if self._serves(which)), None)
        else:
            return None
        return wanted if wanted is not None and int(wanted.sum()) <= _MOST * wanted.numel() else None

    def _serves(self, which: str) -> bool:
        if which not in self._tried:
            self._tried[which] = self._try(which)
        return self._tried[which]

    def _try(self, which: str) -> bool:
        runner = self._runner
        ids = torch.tensor([[1, 2, 3, 1], [2, 1, 1, 3]], device=runner.device)
        wanted = ids == 3 if which == _SELECTED else _one_of_each(ids, which)
        given = {"input_ids": ids} | ({"decoder_input_ids": ids} if runner.every else {})

        def answer() -> Tensor:
            runner.calls, runner.did_select = 0, False
            with torch.inference_mode(), attention.attending(runner.sites_of, record=False):
                logits = runner.network(**sites.inputs_for(runner.network, **given)).logits
            return logits[wanted][None] if which == _SELECTED and not runner.did_select else logits

        held = runner.selected, runner.between
        runner.selected, runner.between = wanted if which == _SELECTED else None, None
        try:
            expected = answer()
            self._left_out = torch.nan
            with self._only(wanted):
                found = answer()
        except (RuntimeError, ValueError, IndexError, TypeError):
            return False  # the network wants more than a layer that is short of tokens, or other tokens than these
        finally:
            self._left_out = 0.0
            runner.selected, runner.between = held
        near = 1e-4 if expected.dtype == torch.float32 else 3e-2
        return torch.allclose(found, expected, rtol=near, atol=near * float(expected.abs().max()))

    @contextmanager
    def _only(self, wanted: Tensor | None) -> Iterator[None]:
        self._wanted, self._n = wanted, 0 if wanted is None else int(wanted.sum())
        try:
            yield
        finally:
            self._wanted = None

    def _applies(self) -> bool:
        return self._wanted is not None and self._runner.calls == self._runner.n_calls

    def _short(self, _module: nn.Module, args: tuple) -> tuple | None:
        if not self._applies() or args[0].shape[:-1] != self._wanted.shape:
            return None
        return args[0][self._wanted][None], *args[1:]

    def _whole(self, _module: nn.Module, _args: tuple, out: Tensor) -> Tensor | None:
        if not self._applies() or out.shape != (1, self._n, self._width):
            return None
        whole = out.new_full((*self._wanted.shape, self._width), self._left_out)
        whole[self._wanted] = out[0]
        return whole


def _one_of_each(ids: Tensor, which: str) -> Tensor:
    """The first or the last token of each text, bool (batch, token)."""
    wanted = torch.zeros(ids.shape, dtype=torch.bool, device=ids.device)
    wanted[:, 0 if which == _FIRST else -1] = True
    return wanted
