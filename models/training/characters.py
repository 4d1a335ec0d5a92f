"""Vocabularies of Chinese characters, with pieces of English words beside them, and a tokenizer for zh-mini and one for translate-mini."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

PAD, UNK, CLS, SEP, MASK, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "</s>"
SEEN = 2
"""A character that the texts have less often gets no token: its embedding would be learned from one place."""
_PREFIX = "##"


def for_bert(texts: Iterable[str], context: int) -> PreTrainedTokenizerFast:
    """A token for each character of Chinese, as bert-base-chinese has it (Devlin et al. 2019): [CLS] and [SEP] around a text or a pair.

    Words of Latin letters and numbers are spelled, one letter a token, so that they are read too.

    Args:
        texts: whose characters get tokens, if they come often enough.
        context: longest text in tokens.
    """
    tokenizer = _words(models.WordPiece({}, unk_token=UNK))
    seen = Counter(character for text in texts for word in _split(tokenizer, text) for character in word)
    spelled = string.ascii_lowercase + string.digits
    characters = sorted({character for character, times in seen.items() if times >= SEEN} | set(spelled))
    names = [PAD, UNK, CLS, SEP, MASK, *characters, *(_PREFIX + letter for letter in spelled)]
    tokenizer.model = models.WordPiece({name: i for i, name in enumerate(names)}, unk_token=UNK, max_input_chars_per_word=100)
    tokenizer.add_special_tokens([PAD, UNK, CLS, SEP, MASK])
    ends = [(token, tokenizer.token_to_id(token)) for token in (CLS, SEP)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{CLS} $A {SEP}", pair=f"{CLS} $A {SEP} $B:1 {SEP}:1", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNK,
        cls_token=CLS,
        sep_token=SEP,
        mask_token=MASK,
        model_max_length=context,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def for_translation(english: Iterable[str], chinese: Iterable[str], size: int, context: int) -> PreTrainedTokenizerFast:
    """One vocabulary for both languages: pieces of English words, a token for each Chinese character, and an end after every text.

    Args:
        english: of whose words `size` pieces are learned (WordPiece, Schuster and Nakajima 2012).
        chinese: whose characters get tokens.
        size: number of English pieces.
        context: longest text in tokens.
    """
    learned = _words(models.WordPiece(unk_token=UNK))
    learned.train_from_iterator(english, trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, show_progress=False))
    seen = Counter(character for text in chinese for word in _split(learned, text) for character in word)
    pieces = sorted(learned.get_vocab())
    characters = sorted({character for character, times in seen.items() if times >= SEEN} - set(pieces))
    names = [PAD, END, UNK, *pieces, *characters]
    tokenizer = _words(models.WordPiece({name: i for i, name in enumerate(names)}, unk_token=UNK))
    tokenizer.add_special_tokens([PAD, END, UNK])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", pair=f"$A {END} $B {END}", special_tokens=[(END, tokenizer.token_to_id(END))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNK,
        model_max_length=context,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def _words(model: models.Model) -> Tokenizer:
    """Lower case, every Chinese character a word, spaces between words that stand in Latin letters alone."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    between = Regex(r"^ (?=[\p{Han}\u3000-\u303f\uff00-\uffef\u2014\u2018\u2019\u201c\u201d\u2026\u00b7])")
    tokenizer.decoder = decoders.Sequence([decoders.WordPiece(prefix=_PREFIX, cleanup=True), decoders.Replace(between, "")])
    return tokenizer


def _split(tokenizer: Tokenizer, text: str) -> list[str]:
    return [word for word, _where in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))]
