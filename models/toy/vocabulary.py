"""Tokenizers of the toys: whole words or single characters, in the order in which they are given."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from models.errors import InputError
from models.words import told

SPECIAL = {f"[{name.upper()}]": f"{name}_token" for name in ("pad", "unk", "bos", "eos", "cls", "sep", "mask")}
"""Tokens that become transformers' special tokens where a vocabulary has them."""


def tokenizer(tokens: Sequence[str], *, split: str = "space", start: str | None = None, end: str | None = None) -> PreTrainedTokenizerFast:
    """A tokenizer whose ids are the places in `tokens`; `save_pretrained` and `AutoTokenizer` work as usual.

    "[UNK]" is added at the end if it is not there: a viewer may type anything. The vocabulary's size is `len(tokenizer)`.

    Args:
        tokens: the vocabulary. Those in `SPECIAL`, such as "[PAD]" and "[BOS]", are special.
        split: "space": tokens are divided by white space. "char": each character is a token, white space included.
        start, end: tokens of the vocabulary that are put before and after each text.

    Raises:
        InputError: a token twice, one that the text could never be split into, or a `start` or `end` that is not there.
    """
    tokens = [*tokens, *([] if "[UNK]" in tokens else ["[UNK]"])]
    if split not in ("space", "char"):
        raise InputError(told("split is {split!r}.", split=split), told("It is space or char."))
    if twice := sorted({token for token in tokens if tokens.count(token) > 1}):
        raise InputError(told("The vocabulary has {tokens} twice.", tokens=", ".join(twice)), told("Name each token once."))
    broken = [t for t in tokens if t not in SPECIAL and (len(t) != 1 if split == "char" else t.split() != [t])]
    if broken:
        raise InputError(
            told("{token!r} is not one character.", token=broken[0]) if split == "char" else told("{token!r} is not one word.", token=broken[0]),
            told("Change the token, or the split."),
        )
    if missing := {start, end} - {None, *tokens}:
        raise InputError(told("The vocabulary lacks {tokens}.", tokens=", ".join(sorted(missing))), told("Add it, or leave it out."))
    backend = Tokenizer(models.WordLevel({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]"))
    if split == "char":
        backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
        backend.decoder = decoders.Fuse()
    else:
        backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if start or end:
        frame = [token for token in (start, "$A", end) if token]
        framing = [(token, tokens.index(token)) for token in (start, end) if token]
        backend.post_processor = processors.TemplateProcessing(single=frame, special_tokens=framing)
    special = {SPECIAL[token]: token for token in tokens if token in SPECIAL}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, clean_up_tokenization_spaces=False, model_input_names=["input_ids", "attention_mask"], **special
    )
