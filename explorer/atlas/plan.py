"""Which texts go through the model together. It depends on the corpus alone: where shards differ, the batches do not, and so no bit does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.atlas.corpus import Corpus
from explorer.atlas.edges import Edges, edges_of, relations_of
from explorer.atlas.options import Options
from explorer.capture import sides_of
from explorer.i18n import _
from explorer.reading import Encoded, encode
from explorer.scores.measure import batches
from models import InputError, Model


@dataclass(frozen=True, eq=False)
class Plan:
    """A corpus as a model reads it.

    Attributes:
        strings: each text and its target, as written.
        sources: ids of each text, (tokens,) int32.
        types: token types of each, () where the model reads none.
        targets: ids of each target; None where it is generated, or where the model has none.
        edges: of each text, None where nobody drew its tree.
        relations: names of all relations, sorted.
        counts: how often each id comes in the sources, (vocabulary,).
        batches: numbers of the texts that go together, all of one length.
        unread: how many tokens were cut off, of how many texts.
    """

    strings: tuple[tuple[str, str], ...]
    sources: tuple[np.ndarray, ...]
    types: tuple[tuple[int, ...], ...]
    targets: tuple[np.ndarray | None, ...]
    edges: tuple[Edges | None, ...]
    relations: tuple[str, ...]
    counts: np.ndarray
    batches: tuple[tuple[int, ...], ...]
    unread: tuple[int, int]

    @property
    def tokens(self) -> int:
        """Of all sources."""
        return sum(map(len, self.sources))

    def encoded(self, number: int) -> Encoded:
        """A text, as `reading.tokens_of` takes it."""
        ids = self.sources[number].tolist()
        return Encoded(tuple(ids), (0,) * len(ids), self.types[number])

    def shard(self, shard: int, shards: int) -> tuple[tuple[int, ...], ...]:
        """The batches of a shard. Raises InputError where there is no such one."""
        if not 0 <= shard < shards:
            raise InputError(_("There is no shard {shard} of {shards}.").format(shard=shard, shards=shards), _("They count from 0."))
        return self.batches[shard::shards]


def made(model: Model, corpus: Corpus, options: Options, progress: Callable[[float], object] | None = None) -> Plan:
    """Reads the texts with the model's tokenizer.

    Raises:
        InputError: a text that it cannot take; options that ask for nothing.
    """
    if options.tokens is not None and options.tokens < 1:
        raise InputError(_("At least one token must be read."), _("Raise the number of tokens."))
    limit = min(n for n in (model.max_length, options.longest) if n)
    names = relations_of([text.sentence for text in corpus.texts])
    strings, sources, types, targets, edges, read, cut = [], [], [], [], [], 0, [0, 0]
    for number, text in enumerate(corpus.texts):
        drawn = None if text.sentence is None else edges_of(model, text.sentence, names, limit)
        found, kind, unread = _source(model, text.text, drawn, limit)
        if not len(found):
            continue
        strings.append((text.text, text.target))
        sources.append(found)
        types.append(kind)
        edges.append(drawn)
        targets.append(_target(model, text.text, text.target, limit))
        cut = [cut[0] + unread, cut[1] + bool(unread)]
        read += len(found)
        if options.tokens is not None and read >= options.tokens:
            break
        if progress and not number % 32:
            progress((number + 1) / len(corpus.texts))
    if not sources:
        raise InputError(_("The tokenizer of {name} makes nothing of these texts.").format(name=model.name), _("Give other texts."))
    counts = np.bincount(np.concatenate(sources), minlength=model.network.get_input_embeddings().weight.shape[0])
    together = _together(model, sources, targets, options.batch_tokens)
    return Plan(tuple(strings), tuple(sources), tuple(types), tuple(targets), tuple(edges), names, counts, together, (cut[0], cut[1]))


def _source(model: Model, text: str, drawn: Edges | None, limit: int) -> tuple[np.ndarray, tuple[int, ...], int]:
    if drawn is not None:
        return np.array(drawn.ids, np.int32), (), 0
    encoded = encode(model, text, limit=limit)
    # Of one text all types are alike, and a network takes none for that.
    types = () if not any(encoded.types) else encoded.types
    return np.array(encoded.ids, np.int32), types, sum(encoded.unread)


def _target(model: Model, text: str, target: str, limit: int) -> np.ndarray | None:
    if model.kind != "encoder-decoder" or not target.strip():
        return None
    return np.array(sides_of(model, text, None, target, max_tokens=limit)[0]["decoder"].ids, np.int32)


def _together(model: Model, sources: Sequence[np.ndarray], targets: Sequence[np.ndarray | None], tokens: int) -> tuple[tuple[int, ...], ...]:
    if model.view_only or (model.kind == "encoder-decoder" and any(target is None for target in targets)):
        # How long a generated target is, is known once it is there.
        return tuple((i,) for i in range(len(sources)))
    if model.kind != "encoder-decoder":
        return tuple(tuple(one) for one in batches([len(ids) for ids in sources], tokens))
    # Both lengths as one number: texts go together that agree in both.
    wide = max(map(len, targets)) + 1
    both = [len(source) * wide + len(target) for source, target in zip(sources, targets, strict=True)]
    made = []
    for one in batches(both, max(both) * len(both)):
        step = max(1, tokens // (len(sources[one[0]]) + len(targets[one[0]])))
        made += [tuple(one[i : i + step]) for i in range(0, len(one), step)]
    return tuple(made)
