"""Language modelling: the masked word of a masked model, the next word of a decoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from explorer import own_rules
from explorer.i18n import _
from explorer.reading import encode
from explorer.tasks.base import LOGITS_BYTES, Batch, Item, Outcome, Task, encoded
from explorer.tasks.data import Examples
from models import InputError, Model
from models.surgery.resume import Runner

IGNORED = -100
SHARE = 0.15
"""Of the words that are masked, as in Devlin et al. 2019, section 3.1; here all of them become [MASK]."""
_MASKS = ("[MASK]", "<mask>")
"""How masks are written by most models."""
_CACHE_BYTES = 4 * 2**20
"""Logits that are worked on at once, so that they stay in a processor's cache."""


class Language(Task):
    """Top-1 accuracy and cross-entropy over a vocabulary."""

    def outcome(self, runner: Runner, batch: Batch, forward: Callable[[Mapping[str, Tensor]], object]) -> Outcome:
        chosen = batch.targets != IGNORED
        runner.selected = chosen
        try:
            logits = forward(batch.inputs).logits
        finally:
            runner.selected = None
        logits = logits[0] if runner.did_select else logits[chosen]
        targets = batch.targets[chosen]
        return per_example(*_losses(logits, targets), chosen)

    @property
    def room(self) -> int:
        """Also bounded by the logits, which a large vocabulary makes the largest tensor of all."""
        vocabulary = self.model.network.get_output_embeddings().weight.shape[0]
        return min(super().room, max(64, int(LOGITS_BYTES / (4 * vocabulary) / self._predictions)))

    @property
    def _predictions(self) -> float:
        """Predictions per token."""
        return 1.0


class Masked(Language):
    """Masked words: the same ones for every set of heads, drawn by a seed."""

    kind = "masked"

    def __init__(self, model: Model, examples: Examples, seed: int = 0) -> None:
        self.check(model)
        mask = model.tokenizer.mask_token_id
        texts, notes = encoded(model, [(e.text, e.pair) for e in examples.examples])
        special = set(model.tokenizer.all_special_ids)
        draw = np.random.default_rng(seed)
        items = []
        for number, inputs in enumerate(texts):
            ids = np.array(inputs["input_ids"])
            words = np.flatnonzero(~np.isin(ids, list(special)))
            if not len(words):
                continue
            at = draw.choice(words, max(1, round(SHARE * len(words))), replace=False)
            target, hidden = np.full(len(ids), IGNORED), ids.copy()
            target[at], hidden[at] = ids[at], mask
            items.append(Item(inputs | {"input_ids": hidden.tolist()}, target.tolist(), number))
        notes += own_masks(model, [inputs["input_ids"] for inputs in texts], [f"{e.text} {e.pair}" for e in examples.examples])
        super().__init__(model, items, notes + left_out(len(texts) - len(items), len(texts)))

    @classmethod
    def check(cls, model: Model) -> None:
        if model.kind != "encoder" or model.tokenizer.mask_token_id is None or not _has_vocabulary(model):
            raise InputError(
                _("{name} is no masked language model.").format(name=model.name), _("Choose one, such as BERT base, or another task.")
            )

    @property
    def _predictions(self) -> float:
        return 2 * SHARE


class Next(Language):
    """Next words, each predicted from the true ones before it (teacher forcing).

    An encoder-decoder reads the text and predicts the pair; the text again where there is none.
    """

    kind = "next"

    def __init__(self, model: Model, examples: Examples) -> None:
        self.check(model)
        pairs = [(e.text, e.pair) for e in examples.examples]
        both = model.kind == "encoder-decoder"
        texts, notes = encoded(model, [(text, "") for text, _pair in pairs])
        items = []
        for number, (inputs, (text, pair)) in enumerate(zip(texts, pairs, strict=True)):
            ids = inputs["input_ids"]
            if both:
                wanted = list(encode(model, pair or text, limit=model.max_length, target=True).ids)
                items.append(Item({"input_ids": ids, "decoder_input_ids": own_rules.shifted(model, wanted)}, wanted, number))
            elif len(ids) > 1:
                items.append(Item({"input_ids": ids}, [*ids[1:], IGNORED], number))
        if both and not all(pair for _text, pair in pairs):
            notes = (_("There is no second text, so the model is to predict the text that it has read."), *notes)
        super().__init__(model, items, notes + left_out(len(texts) - len(items), len(texts)))

    @classmethod
    def check(cls, model: Model) -> None:
        if model.kind == "encoder" or not _has_vocabulary(model):
            raise InputError(_("{name} does not predict next words.").format(name=model.name), _("Choose a decoder, or another task."))


def own_masks(model: Model, ids: Sequence[Sequence[int]], texts: Sequence[str]) -> tuple[str, ...]:
    """What becomes of masks that stand in texts already, for a viewer: nobody says which word each hides, so they are read and not scored.

    Args:
        model: a masked language model.
        ids: of each text.
        texts: as they are written, second texts included; another model's mask is made of ordinary characters there.
    """
    mask, found = model.tokenizer.mask_token, []
    n = sum(model.tokenizer.mask_token_id in one for one in ids)
    if n:
        message = _(
            "{mask} in a text has no answer that could be right: it is read, and other words are hidden and predicted. It stands in {n} of {all}."
        )
        found.append(message.format(mask=mask, n=n, all=len(texts)))
    for other in (one for one in _MASKS if one not in mask):
        strange = sum(other in text for text in texts)
        if strange:
            message = _("{other} is read as ordinary characters, in {n} of {all} texts: this model's mask is {mask}.")
            found.append(message.format(other=other, mask=mask, n=strange, all=len(texts)))
    return tuple(found)


def left_out(left: int, n: int) -> tuple[str, ...]:
    """How many of n texts are not read, as nothing is to be predicted in them, for a viewer; nothing where all are.

    Raises:
        InputError: none is left.
    """
    if left and left == n:
        raise InputError(_("In none of these texts is there anything to predict."), _("Give longer texts."))
    message = _("{left} of {n} texts are left out: there is nothing to predict in them.")
    return (message.format(left=left, n=n),) if left else ()


def per_example(loss: Tensor, right: Tensor, chosen: Tensor) -> Outcome:
    """Means over the predictions of each example.

    Args:
        loss, right: of all predictions, example after example, (predictions,) each.
        chosen: where they are, bool (batch, tokens).
    """
    count = chosen.sum(dim=1)
    example = torch.arange(len(chosen), device=loss.device).repeat_interleave(count)
    total = torch.zeros(len(chosen), device=loss.device)
    mean = total.index_add(0, example, loss) / count
    correct = total.index_add(0, example, right.float()) / count
    return Outcome(mean, correct, torch.full_like(count, -1), count)


def _has_vocabulary(model: Model) -> bool:
    return model.network.get_output_embeddings() is not None


def _losses(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy, and whether the target is the answer: the first of those with the largest logit.

    Args:
        logits: (predictions, vocabulary).
        targets: (predictions,), as what is returned.
    """
    if logits.requires_grad:
        return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none"), logits.argmax(-1) == targets
    losses, right = [], []
    for rows in _chunks(len(logits), 4 * logits.shape[1], _CACHE_BYTES):
        block = logits[rows].float()
        wanted = block.gather(1, targets[rows, None])[:, 0]
        top = block.amax(-1)
        hit = top == wanted
        # Several words may share the largest logit, as often in half precision: the answer is one of them, and not always the right one.
        hit[hit.clone()] = block[hit].argmax(-1) == targets[rows][hit]
        losses.append((block - top[:, None]).exp_().sum(-1).log() + top - wanted)
        right.append(hit)
    return torch.cat(losses), torch.cat(right)


def _chunks(rows: int, row_bytes: int, room: int) -> Iterator[slice]:
    """Slices of rows that fit into so many bytes each."""
    step = max(1, room // max(1, row_bytes))
    return (slice(i, i + step) for i in range(0, rows, step))
