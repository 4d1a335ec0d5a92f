"""What is asked of the attention function: what to record, to change and to tell, for one call of a network.

It travels in a context variable: networks are shared between viewers, and nothing that one of them asks for may be left behind on one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from torch import Tensor, nn

from models.attention.records import Record


@dataclass(frozen=True, eq=False)
class Change:
    """What to do differently at one attention site.

    Attributes:
        gate: factor on each head's output z *before* the output projection, shape (heads,) or (batch, heads); 1 keeps a
            head, 0 removes it. May carry gradients (Michel et al. 2019, section 2.2).
        replacement: what takes the place of the removed part, `gate * z + (1 - gate) * replacement`: None for zero, "uniform" for the mean of all
            visible values, or a tensor that broadcasts to (batch, heads, query, head dim): a mean, or another example's z.
        scale: factor on the model's own scale, a number or a tensor of shape (heads,).
        allow: bool, broadcasts to (batch, heads, query, key); False cuts edges before the softmax, so the rest of the row
            still sums to 1. A row that is cut completely attends to nothing, and its output is zero.
        cut: single edges (head, query, key) to cut, in addition to `allow`.
        added: added to z after all else, broadcasts to (batch, heads, query, value dim). Zeros that carry gradients collect dL/dz.
    """

    gate: Tensor | None = None
    replacement: Tensor | str | None = None
    scale: float | Tensor = 1.0
    allow: Tensor | None = None
    cut: tuple[tuple[int, int, int], ...] = ()
    added: Tensor | None = None

    def __post_init__(self) -> None:
        if isinstance(self.replacement, str) and self.replacement != "uniform":
            raise ValueError(f'a replacement is None, "uniform" or a tensor, not {self.replacement!r}')


Observer = Callable[[int | None, slice, Tensor, Tensor | None], None]
"""Told of each block of query rows as it is computed: site, rows, weights (batch, heads, rows, key) and the mask of all rows."""

Outputs = Callable[[int | None, Tensor, Tensor], None]
"""Told of each call once all its rows are computed: site, output z (batch, heads, query, value dim) as it goes on, gates and all, and the values
(batch, kv heads, key, value dim)."""


@dataclass(eq=False)
class Run:
    """What one `attending` context records and changes. Made by `attending`."""

    changes: Mapping[int, Change] = field(default_factory=dict)
    record: bool = True
    observe: Observer | None = None
    outputs: Outputs | None = None
    progress: Callable[[int | None, int], None] | None = None
    sites_of: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    _calls: dict[int, int] = field(default_factory=dict)

    def site(self, module: nn.Module) -> int | None:
        """The site of this call. Layers that share one module (ALBERT) take turns, in the order of the forward pass."""
        sites = self.sites_of.get(id(module))
        if not sites:
            return None
        turn = self._calls.get(id(module), 0)
        self._calls[id(module)] = turn + 1
        return sites[turn % len(sites)]


current: ContextVar[Run | None] = ContextVar("attention_run", default=None)


@contextmanager
def attending(
    sites_of: Mapping[int, tuple[int, ...]] | None = None,
    *,
    changes: Mapping[int, Change] | None = None,
    record: bool = True,
    observe: Observer | None = None,
    outputs: Outputs | None = None,
    progress: Callable[[int | None, int], None] | None = None,
) -> Iterator[Run]:
    """Record and change attention in this thread, until the block ends.

    Args:
        sites_of: site numbers by `id(module)`, from `models.opening.sites`; without it calls are recorded but not numbered.
        changes: what to change, by site number.
        record: keep a `Record` of every call in `Run.records`, in the order of the calls.
        observe: told of all weights while they are there, and cheaper than a record where every weight is looked at; keep none of them.
        outputs: told of the outputs of all heads and of the values, after all weights of a call were told.
        progress: told the site and how many of its query rows are done, at least once a call; what it raises ends the pass.

    Raises:
        ValueError: changes without `sites_of`, or for a site that does not exist.
    """
    changes = dict(changes or {})
    known = {site for sites in (sites_of or {}).values() for site in sites}
    if unknown := set(changes) - known:
        raise ValueError(f"no attention site {sorted(unknown)}; there are {len(known)}, counted from 0")
    run = Run(changes, record, observe, outputs, progress, sites_of or {})
    token = current.set(run)
    try:
        yield run
    finally:
        current.reset(token)


def passed_over(module: nn.Module) -> None:
    """Says that a call of this attention module is not made, because its result is known; its turn counts all the same."""
    if run := current.get():
        run.site(module)
