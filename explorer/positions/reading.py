"""A text as a model reads it, and the stack that does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.i18n import _
from explorer.tokens import framing, labels, readable
from models import InputError, Model
from models.opening import sites
from models.opening.loading import room_on


@dataclass(frozen=True, eq=False)
class Text:
    """A text as the model reads it.

    Attributes:
        ids: (n,), int64, on the CPU.
        labels: readable tokens.
        special: True for tokens that frame the text, such as [CLS].
    """

    ids: Tensor
    labels: tuple[str, ...]
    special: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def free(self) -> int:
        """How many tokens frame nothing."""
        return len(self) - sum(self.special)


def read(model: Model, text: str | Sequence[int]) -> Text:
    """The tokens of a text, or those with the given ids.

    Raises:
        InputError: an empty text, more tokens than the model has places for, ids that it does not know.
    """
    tokenizer = model.tokenizer
    if isinstance(text, str):
        text = tokenizer(text, verbose=False)["input_ids"] if text.strip() else ()
    ids = [int(i) for i in text]
    if not ids:
        raise InputError(_("There is no text."), _("Type a sentence, or choose an example."))
    known = model.network.get_input_embeddings().num_embeddings
    if not all(0 <= i < known for i in ids):
        raise InputError(_("{model} knows the ids 0 to {last}.").format(model=model.name, last=known - 1), _("Give ids of its tokenizer."))
    if model.max_length and len(ids) > model.max_length:
        problem = _("{n} tokens are more than the {most} that {model} reads.").format(n=len(ids), most=model.max_length, model=model.name)
        raise InputError(problem, _("Shorten the text."))
    frame = framing(tokenizer)
    return Text(torch.tensor(ids), tuple(labels(readable(tokenizer, ids))), tuple(i in frame for i in ids))


def run(network: nn.Module, ids: Tensor) -> Tensor:
    """Outputs of the last layer, (batch, n, width), for ids (batch, n); of the encoder, where there is one beside a decoder."""
    reader = network.get_encoder() if network.config.is_encoder_decoder else network.base_model
    with room_on(ids.device, f"{ids.numel()} tokens"):
        return reader(**sites.inputs_for(network, input_ids=ids, attention_mask=torch.ones_like(ids)))[0]
