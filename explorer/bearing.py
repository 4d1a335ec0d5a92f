"""How long a text one process bears: memory and work of a capture, by arithmetic, before anything is computed.

A server has several viewers and one memory. What a text takes grows with its length, and the work with the square of it; both are known
before the model runs, and what is too much is refused in words that say what would do.
"""

from __future__ import annotations

import psutil

from explorer import limits
from explorer.i18n import _
from models import InputError, Model

_LEAST_BYTES, _MOST_BYTES = 512 * 2**20, 8 * 2**30
MOST_WORK = 1e14
"""Multiply-adds of one capture on a processor: about a quarter of an hour on two cores. On an accelerator nothing bounds them."""
QUICK_WORK = 1e10
"""Multiply-adds that are done in a moment, half a second of a slow core."""
_ACTIVATIONS = 16
"""Numbers that a layer holds at its peak for each token, in widths of the network: the widest is the inside of its feed-forward part."""


def most_bytes() -> int:
    """Memory that the capture of one text may take at its peak: a quarter of the machine's, within bounds."""
    return int(min(_MOST_BYTES, limits.NOW.text_bytes, max(_LEAST_BYTES, psutil.virtual_memory().total // 4)))


def most_work() -> float:
    """Multiply-adds that one capture may take on a processor."""
    return min(MOST_WORK, limits.NOW.text_work)


def bytes_of(model: Model, queries: int, keys: int | None = None) -> int:
    """Memory of a capture at its peak, in bytes, above that of the model.

    Args:
        model: that reads.
        queries: tokens of the text; of the decoder, for an encoder-decoder.
        keys: tokens of the encoder of an encoder-decoder.
    """
    total = 0
    for site in model.sites:
        rows, columns = _sizes(site.part, queries, keys)
        if model.view_only:
            # As the network returns them, and once more as they are kept.
            total += 8 * site.heads * rows * columns
        else:
            total += 4 * max(1, site.head_dim) * (site.heads * rows + 2 * site.kv_heads * columns) + 8 * site.heads * rows
    width = max((site.heads * site.head_dim for site in model.sites), default=1)
    total += 4 * _ACTIVATIONS * width * (queries + (keys or 0))
    if model.max_length is None:
        # Where positions are no table, they may be a number for each pair of tokens and each head, which all layers share.
        longest = max(queries, keys or 0)
        total += 4 * longest**2 * max((site.heads for site in model.sites), default=1)
    return total


def work_of(model: Model, queries: int, keys: int | None = None) -> float:
    """Multiply-adds of a capture: those with the parameters, and two for each weight and number of a head."""
    pairs = 0.0
    for site in model.sites:
        rows, columns = _sizes(site.part, queries, keys)
        pairs += 2.0 * rows * columns * site.heads * max(1, site.head_dim)
    return float(model.parameters) * max(queries, keys or 0) + pairs


def is_quick(model: Model, queries: int, keys: int | None = None) -> bool:
    """Whether it is done in a moment: it need not wait for long work of others."""
    return work_of(model, queries, keys) <= QUICK_WORK


def bears(model: Model, queries: int, keys: int | None = None) -> bool:
    """Whether this machine bears it."""
    slow = model.device.type == "cpu" and work_of(model, queries, keys) > most_work()
    return not slow and bytes_of(model, queries, keys) <= most_bytes()


def longest(model: Model) -> int:
    """The longest text that this machine bears, in tokens on each side, whether or not the model has places for it."""
    low, high = 1, 2**24
    while low < high:
        middle = (low + high + 1) // 2
        sizes = (middle, middle) if model.kind == "encoder-decoder" else (middle,)
        low, high = (middle, high) if bears(model, *sizes) else (low, middle - 1)
    return low


def check(model: Model, queries: int, keys: int | None = None) -> None:
    """Refuses a text that this machine does not bear. Arguments as for `bytes_of`.

    Raises:
        InputError: with what it would take, and how many tokens would do.
    """
    if bears(model, queries, keys):
        return
    needs, most = bytes_of(model, queries, keys), most_bytes()
    if needs > most:
        problem = _("{n:,} tokens would take {name} about {needs:.1f} GB of memory; one text may take {most:.1f} GB here.").format(
            n=max(queries, keys or 0), name=model.short_name, needs=needs / 1e9, most=most / 1e9
        )
    else:
        problem = _("{n:,} tokens are {work:,.0f} billion multiply-adds for {name}; at most {most:,.0f} billion are done here.").format(
            n=max(queries, keys or 0), name=model.short_name, work=work_of(model, queries, keys) / 1e9, most=most_work() / 1e9
        )
    raise InputError(problem, _("Shorten the text to {n:,} tokens, or choose a smaller model.").format(n=longest(model)))


def _sizes(part: str, queries: int, keys: int | None) -> tuple[int, int]:
    """Rows and columns of the maps of a part."""
    encoder = queries if keys is None else keys
    return {"encoder": (encoder, encoder), "cross": (queries, encoder)}.get(part, (queries, queries))
