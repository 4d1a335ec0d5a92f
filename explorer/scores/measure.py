"""All scores of all heads on texts, in one pass: most of them are a matrix product of the weights with what counts as a hit.

Nothing of size n x n is kept: texts of one length go through the model together, and long ones in blocks of query rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from explorer import reading
from explorer.ablation.resumable import Pieces
from explorer.capture import Capture, capture_sides, sides_of
from explorer.i18n import _
from explorer.reading import AnyText, Tokens
from explorer.scores import by_text
from explorer.scores.definitions import ALL
from explorer.scores.hits import Hits, punctuation
from explorer.scores.sums import Sums
from models import InputError, Model, attention
from models.opening import sites
from models.opening.devices import room_on
from models.words import told

TOKENS = 4096
"""Tokens of one forward pass."""
WHOLE = "all"
"""Key of the one piece of texts that are scored in one piece."""


@dataclass(frozen=True, eq=False)
class HeadScores:
    """Scores of all heads of one part.

    Attributes:
        model: name of the model.
        part: "encoder", "decoder" or "cross".
        values: by name (`definitions.ALL`), float64 (layers, heads); nan where there is no such head, or no query that it is defined for.
        most: mean of ln n_i, the largest mean entropy that there could be, in nats.
        texts, tokens, rows: how much was read, and how many queries that were.
    """

    model: str
    part: str
    values: dict[str, np.ndarray]
    most: float
    texts: int
    tokens: int
    rows: int

    @property
    def shape(self) -> tuple[int, int]:
        """Layers, and the most heads of a layer."""
        return next(iter(self.values.values())).shape

    def with_(self, more: dict[str, np.ndarray]) -> HeadScores:
        """The same with further scores."""
        return HeadScores(self.model, self.part, self.values | more, self.most, self.texts, self.tokens, self.rows)

    def table(self) -> pd.DataFrame:
        """One line per head: layer, head, and each score in the order of the definitions."""
        there = ~np.isnan(self.values["confidence"])
        layer, head = np.nonzero(there)
        columns = {score.name: self.values[score.name][there] for score in ALL if score.name in self.values}
        return pd.DataFrame({"layer": layer, "head": head, **columns})


@dataclass(frozen=True, eq=False)
class Reading:
    """Texts as a model reads them, in batches that know nothing of each other.

    Attributes:
        tokens: of each text.
        rarest: of each text the place of the token that is rarest in all of them, or None.
        batches: numbers of texts of one length each, as many as one forward pass takes.
    """

    tokens: Sequence[Tokens]
    rarest: Sequence[int | None]
    batches: Sequence[Sequence[int]]


def on_texts(
    model: Model,
    texts: Sequence[AnyText],
    part: str | None = None,
    progress: Callable[[float], None] | None = None,
    resumable: Pieces | None = None,
    what: str = "texts",
) -> HeadScores:
    """Scores on several texts.

    Args:
        model: from `models.load`.
        texts: texts, cut at the model's limit; ids, as its tokenizer would give them; or captures, whose tokens this model then reads:
            both texts of a pair, and a target as it was given or generated.
        part: "encoder", "decoder" or "cross"; the first that the model has where None. An encoder-decoder generates its targets.
        progress: told the share that is done.
        resumable: where sums of batches that are done are kept; sums are added in the order of the batches, whoever found them.
        what: their name there.

    Raises:
        InputError: no texts, or an empty one.
        models.errors.OutOfMemoryError: the accelerator has no room for the longest of them.
    """
    if not texts:
        raise InputError(_("There are no texts."), _("Give at least one."))
    part = part or model.parts[0]
    tell = progress or (lambda share: None)
    layout = _layout(model, part)
    if in_one_piece(model):
        known = resumable.get(what, WHOLE) if resumable is not None else None
        # The rarest tokens are known once all are read. That takes no attention, so captures come and go one at a time.
        if known is None:
            known = of_all(model, texts, part, tell)
            if resumable is not None:
                resumable.put(what, WHOLE, known)
        return _finished(model.name, part, Sums.from_json(known["sums"], layout), known["texts"], known["rows"])
    reading_of, sums, done = read(model, texts), Sums.of(layout), 0
    for members in reading_of.batches:
        piece = resumable.get(what, members) if resumable is not None else None
        if piece is None:
            piece = of_batch(model, reading_of, members, part)
            if resumable is not None:
                resumable.put(what, members, piece)
        sums.merge(Sums.from_json(piece, layout))
        done += len(members)
        tell(done / len(texts))
    return _finished(model.name, part, sums, len(texts), sum(map(len, reading_of.tokens)))


def in_one_piece(model: Model) -> bool:
    """Whether its texts are scored one after the other: their attention comes from captures, and of pairs it is known late what is rarest."""
    return bool(model.view_only) or len(model.parts) > 1


def read(model: Model, texts: Sequence[AnyText]) -> Reading:
    """Raises InputError for an empty text."""
    tokens = _tokens(model, texts)
    return Reading(tokens, rarest(tokens), list(batches(list(map(len, tokens)), TOKENS)))


def of_batch(model: Model, of: Reading, members: Sequence[int], part: str) -> dict:
    """Sums over the queries of some texts of one length, as JSON: what a page, a command and a worker of a cluster all compute.

    Args:
        model: neither view-only nor an encoder-decoder.
        of: what it reads.
        members: one of its batches.
        part: of the model.
    """
    sums, batch = Sums.of(_layout(model, part)), [of.tokens[i] for i in members]
    # The lock first: until then the model may be moved to another device.
    with model.lock, torch.inference_mode(), room_on(model.device, told("{n} tokens", n=sum(map(len, batch)))):
        given, hits = inputs(batch, model.device), Hits(batch, [of.rarest[i] for i in members], model.device)

        def observe(index: int | None, rows: slice, weights: Tensor, mask: Tensor | None) -> None:
            _add(sums, model.sites[index].layer, weights, hits, rows, by_text.visible(mask, rows, hits, weights.device))

        with attention.attending(model.sites_of, record=False, observe=observe):
            model.network.base_model(**sites.inputs_for(model.network, **given))
    return sums.to_json()


def of_all(model: Model, texts: Sequence[AnyText], part: str, progress: Callable[[float], None]) -> dict:
    """The same over all texts of a model that is scored in one piece, and how many texts and queries they are."""
    sides = []
    for i, text in enumerate(texts):
        sides.append(sides_of(model, text)[0])
        progress((i + 1) / len(texts) / 2)
    sums, rows = _streamed(_layout(model, part), sides, (capture_sides(model, one) for one in sides), lambda share: progress((1 + share) / 2))
    return {"sums": sums.to_json(), "texts": len(texts), "rows": rows}


def on_captures(captures: Sequence[Capture], part: str | None = None) -> HeadScores:
    """The same on texts that were captured already. Raises InputError where there are none."""
    if not captures:
        raise InputError(_("There are no texts."), _("Give at least one."))
    layout = captures[0].sites(part)
    sums, rows = _streamed(layout, [captured.sides for captured in captures], captures, lambda share: None)
    return _finished(captures[0].model, layout[0].part, sums, len(captures), rows)


def _layout(model: Model, part: str) -> Sequence[sites.Site]:
    layout = model.sites_in(part)
    if not layout:
        raise InputError(_("{name} has no {part} attention.").format(name=model.name, part=part), ", ".join(model.parts))
    return layout


def _streamed(
    layout: Sequence[sites.Site], read: Sequence[Mapping[str, Tokens]], captures: Iterable[Capture], tell: Callable[[float], None]
) -> tuple[Sums, int]:
    """Sums of one part, `layout`, on captures that are taken one after the other and not kept, and how many queries they were; `read` are the
    sides of each."""
    part = layout[0].part
    queries, keys = ([sides[side if part == "cross" else part] for sides in read] for side in ("decoder", "encoder"))
    sums = Sums.of(layout)
    coming = iter(captures)
    for i, (tokens, rare) in enumerate(zip(keys, rarest(keys), strict=True)):
        hits = Hits([tokens], [rare], torch.device("cpu"), len(queries[i]) if part == "cross" else None)
        # Taken inside the call, so that no name here still holds it when the next one is made.
        _add_capture(sums, next(coming), part, hits)
        tell((i + 1) / len(read))
    return sums, sum(map(len, queries))


def _add_capture(sums: Sums, captured: Capture, part: str, hits: Hits) -> None:
    for site in captured.sites(part):
        for rows, weights, visible in by_text.captured_rows(captured, site):
            _add(sums, site.layer, weights, hits, rows, visible)


def _add(sums: Sums, layer: int, weights: Tensor, hits: Hits, rows: slice, visible: Tensor) -> None:
    """Adds some query rows of one layer, (texts, heads, rows, keys); `visible` (rows, keys) is the same for all texts."""
    if not weights.shape[1]:
        return
    for found in by_text.of_rows(weights, hits, rows, visible):
        totals, counts = found.totals.sum(0), found.counts.sum(0)
        for at, name in enumerate(by_text.NAMES):
            sums.add(layer, name, totals[:, at], float(counts[at]))
        if layer == sums.counted:
            sums.most += found.most * len(found.counts)


def _finished(name: str, part: str, sums: Sums, texts: int, rows: int) -> HeadScores:
    n = sums.count.get("entropy", 0)
    return HeadScores(name, part, sums.means(), sums.most / n if n else float("nan"), texts, rows, rows)


def _tokens(model: Model, texts: Sequence[AnyText]) -> list[Tokens]:
    """Raises InputError for an empty text."""
    found = []
    for number, text in enumerate(texts):
        of = getattr(text, "source", text)
        if not isinstance(of, Tokens):
            of = reading.tokens_of(model, reading.encode(model, of, limit=model.max_length) if isinstance(of, str) else of)
        if not len(of) or (isinstance(text, str) and not text.strip()):
            raise InputError(_("Text {number} is empty.").format(number=number + 1), _("Take it out."))
        found.append(of)
    return found


def inputs(texts: Sequence[Tokens], device: torch.device) -> dict[str, Tensor]:
    """Arguments of a forward pass for texts of one length; where one of them has types, those without are one segment."""
    given = reading.inputs(torch.tensor([of.ids for of in texts]), (), device)
    if any(of.types for of in texts):
        given["token_type_ids"] = torch.tensor([of.types or (0,) * len(of) for of in texts], device=device)
    return given


def batches(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Numbers of texts of one length, as many as one forward pass takes, `tokens` in all or one text."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    for n, group in groupby(order, key=lambda i: lengths[i]):
        members, step = list(group), max(1, tokens // n)
        yield from (members[i : i + step] for i in range(0, len(members), step))


def rarest(tokens: Sequence[Tokens], counts: Mapping[int, int] | None = None) -> list[int | None]:
    """Of each text, the token that is rarest in all of them; of equally rare ones that which comes last in the vocabulary, then the first.

    Vocabularies are built from frequent pieces to rare ones. Special tokens and punctuation do not take part.

    Args:
        tokens: the texts.
        counts: how often each id comes in all texts, where there are more than these.
    """
    if counts is None:
        counts = Counter(number for of in tokens for number in of.ids)
    found = []
    for of in tokens:
        words = [i for i, (mark, special) in enumerate(zip(punctuation(of.text), of.special, strict=True)) if not special and not mark]
        found.append(min(words, key=lambda i: (counts[of.ids[i]], -of.ids[i], i)) if words else None)
    return found
