"""The tokenizer of a folder: what tokenizer.json says, also where the class that transformers takes for it would read texts otherwise.

transformers 5 makes the tokenizer of a class anew from the vocabulary, with the class's own way to part words: a file that parts them in
another way (digits one by one, say, under a class that does not) is read as nobody trained it, without a word. Older versions, and whatever
else reads tokenizer.json, take the file as it is.
"""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from models.words import Told, told

_PROBE = (
    " Hello world, it's 1234567 naïve cafés\nIN 2024; don't  we? 你好，世界 x=f(a_b)\tВот ﬁ ½ 😀 "
    "0 12 345 6789 31415 2718281828 1,000,000 3.14159 19991231"
)
"""Where tokenizers differ: capitals, digits, accents, line breaks, several spaces, scripts, signs. Read with and without the space before it."""
_FRAMED_BY_SETTINGS = (
    *("Llama", "CodeLlama", "Gemma", "GPTNeoX", "Cohere"),  # by add_bos_token and add_eos_token
    *("Nllb", "MBart", "M2M100", "Seamless", "Whisper", "PLBart"),  # by the languages
)
"""How classes begin whose settings, and not the file, said in all versions of transformers what frames a text."""
_MARKING = {"Albert", "Funnel", "Herbert", "RemBert", "RoFormer", "Splinter", "XLNet"}
"""Classes that say of each token which text it is of, in version 4, and in 5 only when asked."""
_PARTS = ("model", "normalizer", "pre_tokenizer", "decoder")


def opened(folder: Path) -> tuple[PreTrainedTokenizerBase, list[Told]]:
    """The tokenizer of a folder, and what a viewer should know of it. Raises whatever the library raises for a broken one."""
    found, notes = _as_in_file(folder)
    model = found.backend_tokenizer.model if found.is_fast else None
    if getattr(model, "dropout", None):
        # Left from a training (Provilkov et al. 2020): the same text would be read in another way each time.
        model.dropout = None
        notes.append(told("Its tokenizer.json parts words at random, for a training: here each word is parted in the one way without chance."))
    if _marks_texts(folder, found):
        # transformers 5 took them from what a tokenizer returns unasked, and its networks then read two texts as one.
        found.model_input_names = [*found.model_input_names, "token_type_ids"]
    return found, notes


def _marks_texts(folder: Path, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a network was trained with token types that transformers 5 leaves out: version 4 made them wherever nobody said otherwise."""
    if "token_type_ids" in tokenizer.model_input_names:
        return False
    said = _settings(folder)
    if "model_input_names" in said:
        return False
    # The class without a name of its own is called otherwise by version 5.
    classes = {type(tokenizer).__name__, str(said.get("tokenizer_class"))}
    return "PreTrainedTokenizerFast" in classes or any(name.removesuffix("Fast").removesuffix("Tokenizer") in _MARKING for name in classes)


def _as_in_file(folder: Path) -> tuple[PreTrainedTokenizerBase, list[Told]]:
    file = folder / "tokenizer.json"
    try:
        found = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        if not file.is_file() or "trust_remote_code" in str(error):
            raise
        # The class that is named cannot be made of this vocabulary: the file alone says enough.
        found = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
        return found, [told("Its tokenizer_config.json does not fit its tokenizer.json, which alone is followed.")]
    if not file.is_file() or not found.is_fast or type(found) is PreTrainedTokenizerFast:
        return found, []
    plain = Tokenizer.from_file(str(file))
    made = found.backend_tokenizer
    for one in (made, plain):  # each call says anew whether it cuts or pads
        one.no_truncation()
        one.no_padding()
    if isinstance(plain.model, models.WordPiece) and made.normalizer is not None:
        # Of these, tokenizer_config.json says whether capitals and accents stay.
        plain.normalizer = made.normalizer
    framed = _frames_alike(made, plain) or type(found).__name__.startswith(_FRAMED_BY_SETTINGS) or _says_frame(folder)
    if not framed:
        made.post_processor = plain.post_processor
    if _alike(made, plain):
        return found, [] if framed else [_followed(found)]
    for part in _PARTS:
        if (of_file := getattr(plain, part)) is not None or part in ("normalizer", "pre_tokenizer"):
            setattr(made, part, of_file)
    return found, [_followed(found)]


def _followed(tokenizer: PreTrainedTokenizerBase) -> Told:
    name = type(tokenizer).__name__
    return told("Its tokenizer.json is followed: {name}, which transformers takes for it, reads texts in another way.", name=name)


def _frames_alike(one: Tokenizer, plain: Tokenizer) -> bool:
    """Whether two tokenizers put the same tokens around a text, and around two; also where the file of the second says nothing of it."""
    if plain.post_processor is None or _read(plain, "a") is None:
        return True
    text, pair = (plain.encode("a", add_special_tokens=False) for _text in range(2))
    return all(one.post_process(*texts).ids == plain.post_process(*texts).ids for texts in ((text,), (text, pair)))


def _says_frame(folder: Path) -> bool:
    """Whether tokenizer_config.json says that a token comes before a text or behind it, or does not."""
    return not {"add_bos_token", "add_eos_token"}.isdisjoint(_settings(folder))


def _settings(folder: Path) -> dict[str, object]:
    """tokenizer_config.json; empty where there is none that can be read."""
    try:
        said = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _alike(one: Tokenizer, other: Tokenizer) -> bool:
    """Whether two tokenizers read the same. One of two ways is enough: tokenizer_config.json may say whether a space is put before a text."""
    return any(_read(one, text) == _read(other, text) is not None for text in (_PROBE, _PROBE.strip()))


def _read(tokenizer: Tokenizer, text: str) -> list[int] | None:
    """Ids; None where it cannot read the text at all, as without a token for what it does not know."""
    try:
        return tokenizer.encode(text, add_special_tokens=False).ids
    except Exception:  # its library raises a bare Exception
        return None
