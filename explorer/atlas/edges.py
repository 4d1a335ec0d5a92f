"""Dependency relations of a treebank as rows of attention: does the row of a word have its largest weight on the word that it belongs to?

A word's row is that of its last token, which in a causal model is the first that has seen the whole word. Of its keys only tokens of other
words of the sentence take part. That is decided row by row, in one pass: from the head's side it asks where the head word looks, and not, as
the page *Syntax* does after Clark et al. 2019, by which word the dependent is looked at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.syntax.names import DIRECTIONS as DIRECTIONS
from explorer.syntax.sentences import Sentence
from explorer.syntax.words import pieces
from models import InputError, Model

_SKIPPED = ("punct", "root")


def relations_of(sentences: Sequence[Sentence | None]) -> tuple[str, ...]:
    """Names of all relations, without subtypes, sorted; punctuation and the root left out."""
    found = {_name(relation) for sentence in sentences if sentence is not None for relation in sentence.relations}
    return tuple(sorted(found - set(_SKIPPED)))


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of one sentence that a model can see.

    Attributes:
        ids: of the sentence, as the model reads it.
        word: number of the word that each token is the last-named piece of, (tokens,); -1 for special tokens.
        rows: token of each edge's row, (edges,).
        own: word of that row, likewise.
        target: word that the row should look at, likewise.
        key: first token of that word, likewise.
        kind: 2 * number of the relation + number of the direction, likewise.
    """

    ids: tuple[int, ...]
    word: np.ndarray
    rows: np.ndarray
    own: np.ndarray
    target: np.ndarray
    key: np.ndarray
    kind: np.ndarray


def edges_of(model: Model, sentence: Sentence, names: Sequence[str], limit: int) -> Edges | None:
    """The edges of a sentence; None where the model's tokenizer does not say which tokens make up its words, or it is too long."""
    try:
        ids, belongs = pieces(model, sentence.words)
    except InputError:
        return None
    if len(ids) > limit:
        return None
    first, last = belongs.argmax(1), belongs.shape[1] - 1 - belongs[:, ::-1].argmax(1)
    word = np.where(belongs.any(0), belongs.argmax(0), -1)
    made = []
    for dependent, (head, relation) in enumerate(zip(sentence.heads, sentence.relations, strict=True)):
        if head < 0 or _name(relation) not in names:
            continue
        for direction, (own, target) in enumerate(((dependent, head), (head, dependent))):
            # Behind a causal mask a row sees only what comes before it.
            if model.kind == "decoder" and last[target] > last[own]:
                continue
            made.append((last[own], own, target, first[target], 2 * names.index(_name(relation)) + direction))
    columns = np.array(made, dtype=np.int64).reshape(-1, 5).T
    return Edges(tuple(ids), word, *columns)


def _name(relation: str) -> str:
    return relation.partition(":")[0]
