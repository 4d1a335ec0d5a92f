"""The byte-level BPE (Sennrich et al. 2016, Radford et al. 2019) that the small language models share, and a tokenizer for each."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

END = "<|endoftext|>"
PAD, CLS, SEP, MASK = "[PAD]", "[CLS]", "[SEP]", "[MASK]"

LINE_END = "Ċ"
"""How byte-level BPE writes the line break."""


def merges(texts: Iterable[str], size: int) -> Tokenizer:
    """A byte-level BPE of `size` tokens learned from texts; it writes any text and has no unknown token."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    # Lines, not whole texts: the trainer counts words in parallel over what it is given.
    bpe.train_from_iterator((line for text in texts for line in text.splitlines(keepends=True)), trainer)
    return bpe


def for_gpt2(bpe: Tokenizer, context: int) -> PreTrainedTokenizerFast:
    """The tokenizer of gpt2-mini: the merges and one token that stands between texts."""
    bpe = _copy(bpe)
    bpe.add_special_tokens([END])
    bpe.post_processor = processors.ByteLevel(trim_offsets=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token=END, eos_token=END, model_max_length=context, clean_up_tokenization_spaces=False
    )


def for_bert(bpe: Tokenizer, context: int) -> PreTrainedTokenizerFast:
    """The tokenizer of bert-mini: the same merges, [CLS] and [SEP] around a text or a pair, [MASK] and [PAD]."""
    bpe = _copy(bpe)
    bpe.add_special_tokens([PAD, CLS, SEP, MASK])
    ends = [(token, bpe.token_to_id(token)) for token in (CLS, SEP)]
    bpe.post_processor = processors.TemplateProcessing(single=f"{CLS} $A {SEP}", pair=f"{CLS} $A {SEP} $B:1 {SEP}:1", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token=PAD,
        cls_token=CLS,
        sep_token=SEP,
        mask_token=MASK,
        model_max_length=context,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def _copy(bpe: Tokenizer) -> Tokenizer:
    return Tokenizer.from_str(bpe.to_str())
