"""A label for each word of a sentence, such as names of places, or parts of speech."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from torch import Tensor, nn

from explorer.i18n import _
from explorer.reading import encode
from explorer.syntax.words import DroppedWordError, pieces
from explorer.tasks.base import Batch, Item, Outcome, Task, cut_note
from explorer.tasks.classify import labels_of, labels_words
from explorer.tasks.examples import Examples
from explorer.tasks.language import IGNORED, left_out, per_example
from explorer.tasks.matching import fitted
from models import InputError, Model
from models.surgery.resume import Runner


class Words(Task):
    """Share of the words whose label is right, and cross-entropy, both read at the first piece of each word (Devlin et al. 2019, section 5.3).

    A sentence is its words with spaces between them. Its score is the share of its words; all labels count, "O" as well.

    Attributes:
        labels: names of the model's labels.
    """

    kind = "tokens"
    answers = "words"

    def __init__(self, model: Model, examples: Examples) -> None:
        self.check(model)
        self.labels = labels_of(model)
        self.match, number_of, noted = fitted(examples, self.labels, model.network.config, by_order=False)
        items, dropped, cut, cut_whole = [], 0, 0, 0
        for number, example in enumerate(examples.examples):
            if not example.words:
                raise InputError(_("Example {number} has no words with labels.").format(number=number + 1), _("Give a CoNLL file."))
            try:
                _ids, belongs = pieces(model, example.words, spaced=True)  # as words are given to a tokenizer one by one in training
            except DroppedWordError:
                dropped += 1
                continue
            read = encode(model, example.text, limit=model.max_length)
            places = _places(belongs.any(axis=0), len(read.ids), left=model.tokenizer.truncation_side == "left")
            cut += any(read.unread)
            target = [IGNORED] * len(read.ids)
            for label, first in zip(example.labels, belongs.argmax(axis=1).tolist(), strict=True):
                if first in places:
                    target[places[first]] = number_of[label]
            if set(target) == {IGNORED}:  # the first pieces of all words are cut
                cut_whole += 1
                continue
            inputs = {"input_ids": list(read.ids)} | ({"token_type_ids": list(read.types)} if read.types else {})
            items.append(Item(inputs, target, number))
        if dropped:
            noted += (_("{n} sentences are left out: the tokenizer drops a word of each.").format(n=dropped),)
        noted += left_out(cut_whole, len(examples) - dropped)
        super().__init__(model, items, noted + cut_note(model, cut, len(examples)))

    @classmethod
    def check(cls, model: Model) -> None:
        if not labels_words(model):
            raise InputError(_("{name} has no head that labels words.").format(name=model.name), _("Choose one that was trained for it."))

    def outcome(self, runner: Runner, batch: Batch, forward: Callable[[Mapping[str, Tensor]], object]) -> Outcome:
        logits, chosen = forward(batch.inputs).logits.float(), batch.targets != IGNORED
        loss = nn.functional.cross_entropy(logits[chosen], batch.targets[chosen], reduction="none")
        right = logits[chosen].argmax(-1) == batch.targets[chosen]
        return per_example(loss, right, chosen)


def _places(of_words: np.ndarray, n: int, left: bool) -> dict[int, int]:
    """Where the pieces of a sentence stand among the n that are read of it, by their numbers in the whole one.

    Args:
        of_words: bool (pieces,), whether each belongs to a word; the others frame the sentence and are never cut.
        n: pieces that are read.
        left: whether the first ones are cut, and not the last.
    """
    inside = np.flatnonzero(of_words)
    surplus = len(of_words) - n
    gone = set((inside[:surplus] if left else inside[len(inside) - surplus :]).tolist())
    kept = [piece for piece in range(len(of_words)) if piece not in gone]
    return {piece: place for place, piece in enumerate(kept)}
