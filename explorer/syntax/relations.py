"""How well every head predicts every dependency relation (Clark et al. 2019, section 4.2).

A head predicts, for each word, the word that it attends to most (from dependent to head), or the word by which it is attended to most
(from head to dependent); a word never predicts itself. The yardstick is the best fixed offset: "the word before".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import binom, binomtest

from explorer.ablation.resumable import Pieces
from explorer.capture import capture_ids
from explorer.i18n import _
from explorer.syntax.names import DIRECTIONS
from explorer.syntax.sentences import Sentence
from explorer.syntax.words import DroppedWordError, between_words, pieces
from models import InputError, Model

OFFSETS = tuple(offset for offset in range(-10, 11) if offset)
"""Place of the head minus place of the dependent."""
LEAST = 10
"""Dependents that a relation needs for a head to be called syntactic."""
MARGIN = 0.10
"""By so much a syntactic head beats the best offset (Voita et al. 2019, section 5.2)."""
SENTENCES, PIECE = 16, "sentences"
"""Sentences of one part of the work, and what a part that is done is called among finished pieces."""
_ACCIDENT = 0.05
"""Chance that a search finds any head, where none is better than the best offset."""
_SKIPPED = ("punct", "root")


@dataclass(frozen=True)
class Best:
    """The best head for a relation.

    Attributes:
        relation: its name; one with a subtype, "nsubj:pass", also counts for its type, "nsubj".
        layer, head, direction: chosen on one half of the sentences, read on the other; or both on all.
        accuracy, low, high: where it is read, with a 95 % interval (Wilson 1927).
        n: dependents there.
        offset, baseline: the best fixed offset, chosen and read likewise.
    """

    relation: str
    layer: int
    head: int
    direction: str
    accuracy: float
    low: float
    high: float
    n: int
    offset: int
    baseline: float


@dataclass(eq=False)
class Syntax:
    """Right predictions of every head, and of every offset.

    Attributes:
        relations: names, the commonest first.
        counts: dependents in both halves, (2, relations).
        right: (2, relations, directions, layers, heads); -1 where a layer has fewer heads.
        by_offset: (2, relations, offsets).
        sentences, left_out: how many were read, and how many were not: too long for the model, of one word, with several roots, or with a
            word that the tokenizer drops.
        causal: whether words see only those before them.
    """

    relations: tuple[str, ...]
    counts: np.ndarray
    right: np.ndarray
    by_offset: np.ndarray
    sentences: int
    left_out: int = 0
    causal: bool = False
    _index: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._index = {name: i for i, name in enumerate(self.relations)}

    def accuracies(self, relation: str) -> np.ndarray:
        """Of every head on all sentences, (directions, layers, heads); nan where there is none. Raises InputError for an unknown relation."""
        at = self._at(relation)
        right = self.right[:, at].sum(0).astype(float)
        return np.where(self.right[0, at] < 0, np.nan, right / max(1, self.counts[:, at].sum()))

    def best(self, relation: str, *, same: bool = False) -> Best:
        """The best head and the best offset for a relation.

        Args:
            relation: its name.
            same: choose and read on all sentences, instead of on one half each.

        Raises:
            InputError: an unknown relation, or one that a half has no example of.
        """
        at = self._at(relation)
        choose, read = ((0, 1), (0, 1)) if same else ((0,), (1,))
        n = [int(self.counts[list(half), at].sum()) for half in (choose, read)]
        if not all(n):
            raise InputError(_("One half of the sentences has no {relation}.").format(relation=relation), _("Give more sentences."))
        chosen, by_offset = self.right[list(choose), at].sum(0), self.by_offset[list(choose), at].sum(0)
        direction, layer, head = (int(i) for i in np.unravel_index(chosen.argmax(), chosen.shape))
        offset = int(by_offset.argmax())
        right = int(self.right[list(read), at, direction, layer, head].sum())
        interval = binomtest(right, n[1]).proportion_ci(method="wilson")
        baseline = float(self.by_offset[list(read), at, offset].sum() / n[1])
        where = (layer, head, DIRECTIONS[direction])
        return Best(relation, *where, right / n[1], float(interval.low), float(interval.high), n[1], OFFSETS[offset], baseline)

    def table(self, *, same: bool = False, least: int = 1) -> pd.DataFrame:
        """`best` for every relation with at least so many dependents in each half, one line each."""
        enough = [name for name in self.relations if self.counts[:, self._index[name]].min() >= least]
        return pd.DataFrame([vars(self.best(name, same=same)) for name in enough], columns=list(Best.__annotations__))

    def syntactic(self, margin: float = MARGIN, least: int = LEAST) -> set[tuple[int, int]]:
        """(layer, head) of heads that beat the best offset of some relation by at least the margin, in each half of the sentences.

        Among so many heads, relations and directions some do so by chance, also with weights that learned nothing. So the difference has to be
        one that would come less often than once in twenty such searches, if every head were as good as the offset (binomial, with
        Bonferroni's correction for all that is tried).
        """
        names = [name for name in self.relations if name not in _SKIPPED and self.counts[:, self._at(name)].sum() >= least]
        tries = len(names) * int((self.right[0, 0] >= 0).sum()) if names else 0
        found = set()
        for name in names:
            at = self._at(name)
            n, offset = self.counts[:, at], self.by_offset[:, at].sum(0).argmax()
            if not n.all():
                continue
            right, baseline = self.right[:, at], self.by_offset[:, at, offset] / n
            ahead = (right / n[:, None, None, None] >= baseline[:, None, None, None] + margin).all(0)
            chance = binom.sf(right.sum(0) - 1, n.sum(), self.by_offset[:, at, offset].sum() / n.sum())
            found |= {(int(layer), int(head)) for _direction, layer, head in np.argwhere(ahead & (chance * tries < _ACCIDENT))}
        return found

    def _at(self, relation: str) -> int:
        if relation not in self._index:
            raise InputError(_("There is no relation {relation} in these sentences.").format(relation=relation), ", ".join(self.relations[:8]))
        return self._index[relation]


def best_heads(
    model: Model, sentences: Sequence[Sentence], progress: Callable[[float], None] | None = None, resumable: Pieces | None = None
) -> Syntax:
    """Runs all sentences and counts.

    Args:
        model: an encoder or a decoder. In a decoder words see only those before them: a head that comes later is never found from its
            dependent, and is counted as wrong there.
        sentences: every other one goes into each half. Left out and counted are those that are longer than the model's limit, those
            with a word that the tokenizer drops, and those that are no tree with relations: of one word, or with several roots, which the
            format does not allow.
        progress: told the share that is done, several times a sentence; what it raises ends the work.
        resumable: where counts of sentences that are done are kept.

    Raises:
        InputError: no sentences, none that is not left out, an encoder-decoder, a tokenizer that does not say where its pieces come from.
    """
    if not sentences:
        raise InputError(_("There are no sentences."), _("Give a treebank."))
    if model.kind == "encoder-decoder":
        raise InputError(_("{name} reads a source and a target.").format(name=model.name), _("Choose an encoder or a decoder."))
    names, n = relation_names(sentences), len(sentences)
    total: Syntax | None = None
    for first, last in parts(n):
        piece = resumable.get(PIECE, [first, last]) if resumable is not None else None
        if piece is None:
            piece = of_some(model, sentences, names, first, last, progress and (lambda number: progress(number / n)))
            if resumable is not None:
                resumable.put(PIECE, [first, last], piece)
        counts, right, by_offset = (np.array(piece[name], dtype=int) for name in ("counts", "right", "by_offset"))
        if total is None:
            total = Syntax(names, counts, right, by_offset, 0, 0, model.kind == "decoder")
        else:
            total.counts += counts
            total.right += np.maximum(right, 0)  # -1 stays where there is no head
            total.by_offset += by_offset
        total.left_out += piece["left_out"]
        if progress:
            progress(last / n)
    total.sentences = n - total.left_out
    if not total.sentences:
        problem = _("None of {n} sentences can be used: each is too long for {name}, of one word, has several roots, or a word that it drops.")
        raise InputError(problem.format(n=n, name=model.name), _("Give other sentences."))
    return total


def parts(n: int) -> list[tuple[int, int]]:
    """The first number of each part of n sentences, and that after its last; parts know nothing of each other."""
    return [(first, min(n, first + SENTENCES)) for first in range(0, n, SENTENCES)]


def relation_names(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Relations of all sentences that are trees, the commonest first."""
    return _names([sentence for sentence in sentences if _is_tree(sentence)])


def of_some(
    model: Model,
    sentences: Sequence[Sentence],
    names: Sequence[str],
    first: int,
    last: int,
    tell: Callable[[int], None] | None = None,
) -> dict:
    """Counts of some of the sentences, as JSON: what a page, a command and a worker of a cluster all compute.

    Args:
        model: as for `best_heads`.
        sentences: all of them: their numbers decide on the half that they belong to.
        names: of the relations of all of them.
        first, last: number of the first, and that after the last.
        tell: told the number of the sentence that is looked at, several times; what it raises ends the work.
    """
    index = {name: i for i, name in enumerate(names)}
    sites = model.sites_in(model.parts[0])
    heads = max(1, max(site.heads for site in sites))
    right = np.zeros((2, len(names), 2, len(sites), heads), dtype=int)
    for site in sites:
        right[..., site.layer, site.heads :] = -1
    counts, by_offset = np.zeros((2, len(names)), dtype=int), np.zeros((2, len(names), len(OFFSETS)), dtype=int)
    left_out = 0
    for number in range(first, last):
        sentence = sentences[number]
        if tell:
            tell(number)
        if not _is_tree(sentence):
            left_out += 1
            continue
        try:
            ids, belongs = pieces(model, sentence.words)
        except DroppedWordError:
            left_out += 1
            continue
        if model.max_length and len(ids) > model.max_length:
            left_out += 1
            continue
        half, wanted = number % 2, np.array(sentence.heads)
        of = [(word, index[name]) for word, relation in enumerate(sentence.relations) if wanted[word] >= 0 for name in _kinds(relation)]
        words, kinds = (np.array(column, dtype=int) for column in zip(*of, strict=True))
        np.add.at(counts[half], kinds, 1)
        for o, offset in enumerate(OFFSETS):
            np.add.at(by_offset[half, :, o], kinds, wanted[words] == words + offset)
        captured = capture_ids(model, ids)
        for site in sites:
            if tell:
                tell(number)
            if site.heads:
                hits = _predicted(between_words(captured.patterns(site.layer), belongs)) == wanted  # (directions, heads, words)
                for kind, hit in zip(kinds, hits[..., words].transpose(2, 0, 1), strict=True):
                    right[half, kind, :, site.layer, : site.heads] += hit
    return {"counts": counts.tolist(), "right": right.tolist(), "by_offset": by_offset.tolist(), "left_out": left_out}


def _is_tree(sentence: Sentence) -> bool:
    """Whether it has relations, and one root."""
    return len(sentence) > 1 and sentence.heads.count(-1) == 1


def _predicted(attention: np.ndarray) -> np.ndarray:
    """The head that each word's attention predicts, (directions, heads, words); -1 where it sees no other word."""
    apart = attention.copy()
    n = apart.shape[1]
    apart[:, range(n), range(n)] = -1
    found = np.stack([apart.argmax(2), apart.argmax(1)])
    most = np.stack([apart.max(2), apart.max(1)])
    return np.where(most > 0, found, -1)


def _kinds(relation: str) -> tuple[str, ...]:
    """A relation, and the type that its subtype belongs to."""
    return tuple(dict.fromkeys((relation, relation.partition(":")[0])))


def _names(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    counts = Counter(
        name
        for sentence in sentences
        for relation, head in zip(sentence.relations, sentence.heads, strict=True)
        if head >= 0
        for name in _kinds(relation)
    )
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))
