"""What a model's generation_config.json forbids or demands while text is made: bad words, suppressed and forced tokens, repetitions.

An end token that is forced at the last of so many tokens is left out: how many are made is for the viewer to say, and is not the text's end.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import (
    EncoderNoRepeatNGramLogitsProcessor,
    EncoderRepetitionPenaltyLogitsProcessor,
    ForcedBOSTokenLogitsProcessor,
    LogitsProcessor,
    LogitsProcessorList,
    MinLengthLogitsProcessor,
    MinNewTokensLengthLogitsProcessor,
    NoBadWordsLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    SuppressTokensAtBeginLogitsProcessor,
    SuppressTokensLogitsProcessor,
)

from explorer.i18n import _
from models import InputError, Model

_HELD = (
    *("repetition_penalty", "no_repeat_ngram_size", "bad_words_ids", "min_length", "min_new_tokens", "forced_bos_token_id"),
    *("suppress_tokens", "begin_suppress_tokens", "sequence_bias", "encoder_repetition_penalty", "encoder_no_repeat_ngram_size"),
)


def held(model: Model) -> dict[str, object]:
    """The rules that are held here, by their name in generation_config.json; empty where a model has none."""
    config = getattr(model.network, "generation_config", None)
    said = {name: getattr(config, name, None) for name in _HELD}
    neutral = {"repetition_penalty": 1.0, "no_repeat_ngram_size": 0, "min_length": 0, "min_new_tokens": 0}
    neutral |= {"encoder_repetition_penalty": 1.0, "encoder_no_repeat_ngram_size": 0}
    return {name: value for name, value in said.items() if value is not None and value != neutral.get(name) and value != []}


def processors(model: Model, begins: int, source: Sequence[int] = ()) -> LogitsProcessorList:
    """The rules as transformers applies them to logits, in its order (`GenerationMixin._get_logits_processor`).

    Args:
        model: a decoder or an encoder-decoder.
        begins: tokens that are there before the first one is made: of the text, or the start token of a target.
        source: ids of the text, some rules are about words that stand there.
    """
    rules, ends, device = held(model), end_tokens(model), str(model.device)
    made: dict[str, LogitsProcessor] = {}
    read = torch.tensor([list(source)], device=model.device)
    if bias := rules.get("sequence_bias"):
        made["sequence_bias"] = SequenceBiasLogitsProcessor(bias)
    if penalty := rules.get("encoder_repetition_penalty"):
        made["encoder_repetition_penalty"] = EncoderRepetitionPenaltyLogitsProcessor(float(penalty), read)
    if penalty := rules.get("repetition_penalty"):
        made["repetition_penalty"] = RepetitionPenaltyLogitsProcessor(float(penalty))
    if n := rules.get("no_repeat_ngram_size"):
        made["no_repeat_ngram_size"] = NoRepeatNGramLogitsProcessor(int(n))
    if n := rules.get("encoder_no_repeat_ngram_size"):
        made["encoder_no_repeat_ngram_size"] = EncoderNoRepeatNGramLogitsProcessor(int(n), read)
    if words := rules.get("bad_words_ids"):
        made["bad_words_ids"] = NoBadWordsLogitsProcessor(words, ends or None)
    if ends and (least := rules.get("min_length")):
        made["min_length"] = MinLengthLogitsProcessor(least, ends, device)
    if ends and (least := rules.get("min_new_tokens")):
        made["min_new_tokens"] = MinNewTokensLengthLogitsProcessor(begins, least, ends, device)
    forced = rules.get("forced_bos_token_id")
    if forced is not None:
        made["forced_bos_token_id"] = ForcedBOSTokenLogitsProcessor(forced)
    if tokens := rules.get("suppress_tokens"):
        made["suppress_tokens"] = SuppressTokensLogitsProcessor(tokens, device)
    if tokens := rules.get("begin_suppress_tokens"):
        # A forced first token comes before what is looked at.
        index = begins if begins > 1 or forced is None else begins + 1
        made["begin_suppress_tokens"] = SuppressTokensAtBeginLogitsProcessor(tokens, index, device)
    return LogitsProcessorList(made.values())


def start_token(model: Model) -> int:
    """The token with which the decoder of an encoder-decoder begins. Raises InputError where the model names none."""
    for config in (getattr(model.network, "generation_config", None), model.network.config):
        for name in ("decoder_start_token_id", "bos_token_id"):
            if isinstance(found := getattr(config, name, None), int):
                return found
    raise InputError(_("{name} does not say with which token its decoder begins.").format(name=model.name), _("Choose another model."))


def shifted(model: Model, target: Sequence[int]) -> list[int]:
    """What a decoder reads to write a target, as in training: its start token first, the last token left out."""
    if hasattr(model.network, "prepare_decoder_input_ids_from_labels"):
        return model.network.prepare_decoder_input_ids_from_labels(labels=torch.tensor([target]))[0].tolist()
    return [start_token(model), *target[:-1]]


def end_tokens(model: Model) -> list[int]:
    """Tokens after which nothing comes."""
    config = getattr(model.network, "generation_config", None) or model.network.config
    end = getattr(config, "eos_token_id", None)
    return list(end) if isinstance(end, list) else [] if end is None else [end]
