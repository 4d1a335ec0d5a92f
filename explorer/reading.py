"""What a network reads of a text: ids, readable tokens, and which of two texts each belongs to. The one place that tokenises.

Whatever takes a text, takes it in any of these forms (`AnyText`): a string, ids, `Tokens`, or a capture, whose tokens are then read again
as they are: with its second text, and cut where it was cut.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor, nn
from transformers import BatchEncoding

from explorer.i18n import _
from explorer.tokens import framing, labels, readable
from models import InputError, Model
from models.opening import sites
from models.opening.devices import room_on
from models.words import told

TOKENISING = threading.Lock()
"""A fast tokenizer keeps in itself whether it truncates; changing that while another thread tokenises is an error of its library."""


_TYPED_WITHOUT_ROWS = ("xlnet",)
"""Networks that ask only whether two tokens are of one type."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of one side, as a network reads them.

    Attributes:
        ids: as the tokenizer gave them.
        text: readable (see `explorer.tokens`), leading spaces kept.
        segments: 0 for the first text, 1 for the pair; a special token belongs to the text before it.
        special: True for tokens that the tokenizer added, such as [CLS].
        types: the token_type_ids that the network is given; empty where its tokenizer makes none. They are not the segments: RoBERTa
            reads pairs, but is not told which text a token belongs to.
    """

    ids: tuple[int, ...]
    text: tuple[str, ...]
    segments: tuple[int, ...]
    special: tuple[bool, ...]
    types: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def labels(self) -> list[str]:
        """Short labels for axes."""
        return labels(self.text)

    @property
    def free(self) -> tuple[int, ...]:
        """Numbers of the tokens that frame nothing."""
        return tuple(i for i, special in enumerate(self.special) if not special)

    def inputs(self, device: torch.device | str = "cpu", ids: Tensor | None = None) -> dict[str, Tensor]:
        """Arguments of a forward pass, int64 (1, n) each: input_ids, attention_mask and, where there are types, token_type_ids.

        Args:
            device: where to put them.
            ids: other ids in the same places, (batch, n), such as texts with one token masked; the segments stay those of the places.
        """
        return inputs(torch.tensor([self.ids]) if ids is None else ids, self.types, device)

    def take(self, order: Sequence[int]) -> Tokens:
        """Some of the tokens, or all in another order; each keeps what belongs to it."""
        fields = ("ids", "text", "segments", "special", "types")
        return Tokens(**{name: tuple(values[i] for i in order) if (values := getattr(self, name)) else () for name in fields})

    def replaced(self, at: int, number: int, text: str) -> Tokens:
        """Another token in one place; the segments stay."""
        ids, readable_, special = list(self.ids), list(self.text), list(self.special)
        ids[at], readable_[at], special[at] = number, text, False
        return replace(self, ids=tuple(ids), text=tuple(readable_), special=tuple(special))

    def shortened(self, most: int) -> Tokens:
        """At most so many tokens: the last ones of the longer text go first, and the tokens that frame the texts stay, as tokenizers cut."""
        if len(self) <= most:
            return self
        first, second = ([i for i in self.free if self.segments[i] == segment] for segment in (0, 1))
        n_first, n_second = _kept(len(first), len(second), len(self) - most)
        kept = {*first[:n_first], *second[:n_second]}
        return self.take([i for i, special in enumerate(self.special) if special or i in kept][:most])


class HasSource(Protocol):
    """A capture: it says what was read."""

    @property
    def source(self) -> Tokens: ...


AnyText = str | Sequence[int] | Tokens | HasSource
"""A text, ids as the model's tokenizer would give them, or what was read before."""


@dataclass(frozen=True)
class Encoded:
    """What a tokenizer made of a text or a pair.

    Attributes:
        ids, segments, types: see `Tokens`.
        unread: how many tokens of the first and of the second text were cut off.
    """

    ids: tuple[int, ...]
    segments: tuple[int, ...]
    types: tuple[int, ...] = ()
    unread: tuple[int, int] = (0, 0)

    @property
    def note(self) -> str:
        """What was not read, in a viewer's words; empty where all was."""
        if not any(self.unread):
            return ""
        how = {"kept": len(self.ids), "n": len(self.ids) + sum(self.unread), "first": self.unread[0], "second": self.unread[1]}
        if 1 in self.segments or self.unread[1]:
            message = _("The two texts are cut at {kept} of {n} tokens: {first} of the first and {second} of the second were not read.")
        else:
            message = _("The text is cut at {kept} of {n} tokens; {first} were not read.")
        return message.format(**how)


def framed_twice(model: Model, text: str, encoded: Encoded) -> str:
    """A note where a text brings the token along that its tokenizer puts before or after it, as what a chat template wrote does; else ""."""
    frame, ids = framing(model.tokenizer), encoded.ids
    for at, beside, written in ((0, 1, text.lstrip().startswith), (-1, -2, text.rstrip().endswith)):
        if len(ids) > 1 and ids[at] == ids[beside] and ids[at] in frame and written(token := readable(model.tokenizer, [ids[at]])[0]):
            return _("The text brings {token} along, and the tokenizer adds another: the model reads it twice.").format(token=token)
    return ""


def encode(model: Model, text: str, pair: str = "", *, limit: int | None = None, target: bool = False) -> Encoded:
    """Tokenises a text or a pair, cut at `limit` tokens where there is one, special tokens included.

    Args:
        model: whose tokenizer is asked.
        text, pair: the texts; "" for no second one.
        limit: longest result; a longer one is cut as the tokenizer does it: of a pair, the longer text first.
        target: the text is what a decoder is to write, for tokenizers that treat that in another way.

    Raises:
        InputError: half of a character, which is no text: JSON can write one, and so can a shell whose words are not UTF-8; a text that the
            tokenizer cannot take; a token that the network does not know.
    """
    for given_text in (text, pair):
        _check(given_text)
    tokenizer = model.tokenizer
    given = {"text_target": text} if target else {"text": text, "text_pair": pair or None}
    with TOKENISING:
        full = made = tokenised(model, **given, truncation=False)
        if limit and len(full["input_ids"]) > limit:
            if getattr(full, "is_fast", False) and min(_lengths(full, set())) > limit:
                return _cut(model, full, limit, target)
            made = tokenised(model, **given, truncation=True, max_length=limit)
    ids = tuple(made["input_ids"])
    unread = (0, 0)
    if made is not full:
        frame = framing(tokenizer)
        unread = tuple(a - b for a, b in zip(_lengths(full, frame), _lengths(made, frame), strict=True))
    return Encoded(ids, _segments(made), _types(model, made, target), unread)


def _cut(model: Model, full: BatchEncoding, limit: int, target: bool) -> Encoded:
    """Two long texts, cut as a fast tokenizer cuts them. Its library also makes all that it cuts off, each piece of the one text with each of
    the other: of two texts of 100,000 tokens that is more than the memory of a server."""
    belongs = full.sequence_ids(0)
    lengths = belongs.count(0), belongs.count(1)
    keeps = _kept(*lengths, len(belongs) - limit)
    left = model.tokenizer.truncation_side == "left"
    seen, places = [0, 0], []
    for i, segment in enumerate(belongs):
        if segment is not None:
            seen[segment] += 1
            gone = seen[segment] <= lengths[segment] - keeps[segment] if left else seen[segment] > keeps[segment]
            if gone:
                continue
        places.append(i)

    def at(values: Sequence[int]) -> tuple[int, ...]:
        return tuple(values[i] for i in places) if values else ()

    unread = (lengths[0] - keeps[0], lengths[1] - keeps[1])
    return Encoded(at(full["input_ids"]), at(_segments(full)), at(_types(model, full, target)), unread)


def _kept(first: int, second: int, surplus: int) -> tuple[int, int]:
    """How many tokens of two texts are left when so many go, the last ones of the longer text first."""
    second_gives = first > second  # of two texts that are equally long by now, the one that was longer keeps one more
    for _surplus in range(surplus):
        if first > second or (first == second and not second_gives):
            first = max(0, first - 1)
        else:
            second = max(0, second - 1)
    return first, second


def _types(model: Model, made: BatchEncoding, target: bool) -> tuple[int, ...]:
    """Token types, where the model reads any."""
    typed = "token_type_ids" in model.tokenizer.model_input_names and model.kind != "encoder-decoder" and not target
    types = tuple(made["token_type_ids"]) if typed and "token_type_ids" in made else ()
    # A tokenizer of BERT's kind makes them for any network. RoBERTa has one row for them, and GPT-2 none: it would add that of a word.
    config = model.network.config.get_text_config()
    rows = max(getattr(config, "type_vocab_size", None) or 0, getattr(config, "token_types", None) or 0)
    return types if types and (config.model_type in _TYPED_WITHOUT_ROWS or max(types) < rows) else ()


def tokenised(model: Model, **given: object) -> BatchEncoding:
    """What the model's tokenizer makes of its arguments, unpadded.

    Raises:
        InputError: nothing, as it has no token for what it does not know; or a token that was added to it and not to the network.
    """
    try:
        made = model.tokenizer(**given, padding=False, verbose=False)
    except Exception as error:  # its library raises a bare Exception
        problem = _("The tokenizer of {name} cannot take this text: {error}.").format(name=model.name, error=str(error)[:200])
        raise InputError(problem, _("Write it in other words, or choose another model.")) from error
    known = model.network.get_input_embeddings().weight.shape[0]
    strange = next((number for number in made["input_ids"] if number >= known), None)
    if strange is not None:
        word = readable(model.tokenizer, [strange])[0]
        problem = _('The tokenizer of {name} has the token "{word}", which its network has not.').format(name=model.name, word=word)
        raise InputError(problem, _("Write it in other words, or choose another model."))
    return made


def half_character(text: str) -> int | None:
    """The place of the first half of a character, which no tokenizer takes; None where there is none."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return error.start
    return None


def _check(text: str) -> None:
    at = half_character(text)
    if at is not None:
        message = _("Character {n} is half of a character (U+{code:04X}).").format(n=at + 1, code=ord(text[at]))
        raise InputError(message, _("Write the whole character, in UTF-8."))


def read(model: Model, text: AnyText) -> Tokens:
    """The tokens of a text, of ids, or of a capture (of its source, for encoder-decoders).

    Raises:
        InputError: an empty text, more tokens than the model has places for, ids that it does not know.
    """
    given: Encoded | Tokens | Sequence[int] = getattr(text, "source", text)
    if isinstance(given, str):
        given = encode(model, given) if given.strip() else ()
    ids = given.ids if isinstance(given, Encoded | Tokens) else [int(i) for i in given]
    if not ids:
        raise InputError(_("There is no text."), _("Type a sentence, or choose an example."))
    known = model.network.get_input_embeddings().weight.shape[0]
    if not all(0 <= i < known for i in ids):
        raise InputError(_("{model} knows the ids 0 to {last}.").format(model=model.name, last=known - 1), _("Give ids of its tokenizer."))
    found = given if isinstance(given, Tokens) else tokens_of(model, given)
    if model.max_length and len(found) > model.max_length:
        problem = _("{n} tokens are more than the {most} that {model} reads.").format(n=len(found), most=model.max_length, model=model.name)
        raise InputError(problem, _("Shorten the text."))
    return found


def tokens_of(model: Model, given: Sequence[int] | Encoded) -> Tokens:
    """Ids, or what a tokenizer made, with their readable text, as one side of a capture; ids alone are one text."""
    if not isinstance(given, Encoded):
        ids = tuple(int(i) for i in given)
        given = Encoded(ids, (0,) * len(ids))
    frame = framing(model.tokenizer)
    special = tuple(i in frame for i in given.ids)
    return Tokens(given.ids, tuple(readable(model.tokenizer, given.ids)), given.segments, special, given.types)


def inputs(ids: Tensor, types: Sequence[int] = (), device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """Arguments of a forward pass for ids (batch, n), unpadded; `types`, (n,), are the same for all of them."""
    ids = ids.to(device)
    made = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if types:
        made["token_type_ids"] = torch.tensor(tuple(types), device=device).expand_as(ids)
    return made


def run(network: nn.Module, given: Mapping[str, Tensor]) -> Tensor:
    """Outputs of the last layer, (batch, n, width), for arguments as `inputs` makes them; of the encoder, where there is one beside a decoder."""
    reader = network.get_encoder() if network.config.is_encoder_decoder else network.base_model
    ids = given["input_ids"]
    with room_on(ids.device, told("{n} tokens", n=ids.numel())):
        return reader(**sites.inputs_for(network, **given))[0]


def _segments(encoded: object) -> tuple[int, ...]:
    n = len(encoded["input_ids"])
    if not getattr(encoded, "is_fast", False):
        return tuple(encoded.get("token_type_ids") or (0,) * n)
    segments, current = [], 0
    for segment in encoded.sequence_ids(0):
        current = current if segment is None else segment
        segments.append(current)
    return tuple(segments)


def _lengths(encoded: object, frame: set[int]) -> tuple[int, int]:
    """How many tokens of the first and of the second text there are, special ones left out."""
    if getattr(encoded, "is_fast", False):
        belongs = encoded.sequence_ids(0)
    else:  # a tokenizer in Python says only which token is a special one, by its id
        belongs = [None if i in frame else segment for i, segment in zip(encoded["input_ids"], _segments(encoded), strict=True)]
    return belongs.count(0), belongs.count(1)
