"""What a model's generation_config.json forbids or demands while text is made: bad words, suppressed and forced tokens, repetitions.

Every field of the file is in one of four lists, and a test finds one that a later transformers adds: it is held (`held`), it is not, and that is
said (`ignored`), it is for the viewer to say (`CHOSEN`), or it changes no text that is made greedily (`NO_MATTER`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import torch
from torch import Tensor
from transformers import (
    EncoderNoRepeatNGramLogitsProcessor,
    EncoderRepetitionPenaltyLogitsProcessor,
    ExponentialDecayLengthPenalty,
    ForcedBOSTokenLogitsProcessor,
    InfNanRemoveLogitsProcessor,
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
    *("exponential_decay_length_penalty", "remove_invalid_values"),
)
_IGNORED = (
    # Several texts at once, of which the best is kept; or another way to choose among candidates.
    *("num_beams", "num_beam_groups", "diversity_penalty", "constraints", "force_words_ids", "penalty_alpha", "dola_layers", "low_memory"),
    # Passes of their own, another text to begin with, keys and values of less precision, another addition to logits.
    *("guidance_scale", "token_healing", "cache_implementation", "watermarking_config"),
    # Words that end a text: transformers' own rule fails with tokenizers of whole words.
    "stop_strings",
    # What a draw leaves out beside temperature, top k and top p.
    *("min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff"),
)
CHOSEN = frozenset(
    {
        *("do_sample", "temperature", "top_k", "top_p", "max_length", "max_new_tokens", "max_time", "num_return_sequences"),
        # An end token at the last of so many tokens: how many are made is for the viewer to say, and is not the text's end.
        "forced_eos_token_id",
    }
)
"""Fields whose place a control of the page takes, or an argument."""
NO_MATTER = frozenset(
    {
        # Tokens that have their place elsewhere: `start_token`, `end_tokens`. Nothing is padded.
        *("decoder_start_token_id", "bos_token_id", "eos_token_id", "pad_token_id"),
        # Of beams alone, and they are not made; of all logits alike.
        *("early_stopping", "length_penalty", "renormalize_logits"),
        # The same text, sooner: a cache, compiled code, and tokens that a smaller model or the text itself proposes.
        *("use_cache", "cache_config", "max_cache_len", "compile_config", "disable_compile", "continuous_batching_config", "prefill_chunk_size"),
        *("use_mtp", "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold"),
        *("prompt_lookup_num_tokens", "max_matching_ngram_size", "assistant_early_exit", "assistant_lookbehind", "target_lookbehind"),
        *("assistant_ensemble_weight", "speculation_type"),
        # What is returned beside the text, and where the file comes from.
        *("output_attentions", "output_hidden_states", "output_scores", "output_logits", "return_dict_in_generate", "transformers_version"),
    }
)
_NEUTRAL: dict[str, tuple[object, ...]] = {
    **{"repetition_penalty": (1.0,), "no_repeat_ngram_size": (0,), "min_length": (0,), "min_new_tokens": (0,), "remove_invalid_values": (False,)},
    **{"encoder_repetition_penalty": (1.0,), "encoder_no_repeat_ngram_size": (0,), "num_beams": (1,), "num_beam_groups": (1,)},
    **{"diversity_penalty": (0.0,), "penalty_alpha": (0.0,), "low_memory": (False,), "guidance_scale": (1.0,), "token_healing": (False,)},
    **{"min_p": (0.0,), "typical_p": (1.0,), "epsilon_cutoff": (0.0,), "eta_cutoff": (0.0,)},
    # Of all caches only this one rounds what it keeps.
    "cache_implementation": ("static", "dynamic", "hybrid", "offloaded", "offloaded_static", "sliding_window", "dynamic_full", "paged"),
}

_SHOWN = 60
"""Characters of a value that are shown."""


def fields() -> frozenset[str]:
    """All fields of generation_config.json that are known here."""
    return frozenset(_HELD) | frozenset(_IGNORED) | CHOSEN | NO_MATTER


def held(model: Model) -> dict[str, object]:
    """The rules that are held here, by their name in generation_config.json; empty where a model has none."""
    return _said(model, _HELD)


def ignored(model: Model) -> dict[str, object]:
    """What the model's generation_config.json says and is not held here: with it, transformers' `generate` may make another text."""
    return _said(model, _IGNORED)


def notes(model: Model) -> tuple[str, ...]:
    """What a reader of the text should know of the model's own rules: those that hold, and those that do not."""

    def listed(rules: dict[str, object]) -> str:
        said = ((name, str(value)) for name, value in rules.items())
        return ", ".join(f"{name} {value if len(value) <= _SHOWN else value[: _SHOWN - 1] + '…'}" for name, value in said)

    found = []
    if rules := held(model):
        found.append(_("The model's own rules hold in the draw: {rules}.").format(rules=listed(rules)))
    if rules := ignored(model):
        found.append(_("Its generation_config.json also asks for what is not done here: {rules}.").format(rules=listed(rules)))
    return tuple(found)


def _said(model: Model, names: Sequence[str]) -> dict[str, object]:
    config = getattr(model.network, "generation_config", None)
    said = {name: getattr(config, name, None) for name in names}
    return {name: value for name, value in said.items() if value is not None and value != [] and value not in _NEUTRAL.get(name, ())}


def greedily(tokens: int) -> dict[str, object]:
    """Arguments with which transformers' `generate` makes at most so many tokens greedily under the rules that are held here, and no others."""
    nothing = dict.fromkeys((*_IGNORED, "prompt_lookup_num_tokens", "use_mtp", "forced_eos_token_id", "max_time", "compile_config"))
    one = {"do_sample": False, "num_beams": 1, "num_return_sequences": 1, "return_dict_in_generate": False}
    return {**nothing, **one, "max_new_tokens": tokens}


class Rules:
    """The rules as transformers applies them, in its order (`GenerationMixin._get_logits_processor`).

    Args:
        model: a decoder or an encoder-decoder.
        begins: tokens that are there before the first one is made: of the text, or the start token of a target.
        source: ids of the text, some rules are about words that stand there.

    Raises:
        InputError: rules that make no sense.
    """

    def __init__(self, model: Model, begins: int, source: Sequence[int] = ()) -> None:
        self.model = model
        with sensible(model):
            self._processors = _processors(model, begins, source)

    def allowed(self, ids: Tensor, logits: Tensor) -> Tensor:
        """What the rules make of the next token's logits (1, words), -inf where it is forbidden.

        Args:
            ids: tokens so far, (1, n): of the text and those that were made, or of the target alone.
            logits: by the model; they stay as they are.

        Raises:
            InputError: rules about words that there are not, or that forbid every token.
        """
        with sensible(self.model):
            return _SomeAllowed(self.model)(ids, self._processors(ids, logits.clone()))


class _SomeAllowed(LogitsProcessor):
    """Raises InputError where nothing is allowed: the likeliest of tokens that are all forbidden is the first of the vocabulary."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        if not bool(scores.isfinite().any()):
            raise InputError(_("The rules of {name} forbid every token.").format(name=self.model.name), _("Choose another model."))
        return scores


@contextmanager
def sensible(model: Model) -> Iterator[None]:
    """A block in which what transformers says against a model's rules is an error in a viewer's words."""
    try:
        yield
    except (ValueError, IndexError, TypeError) as error:
        problem = _("{name} cannot be held to its own generation_config.json: {error}").format(name=model.name, error=error)
        raise InputError(problem, _("Choose another model.")) from error


def target_of(model: Model, given: Mapping[str, Tensor], tokens: int) -> list[int]:
    """What transformers' `generate` writes greedily under the rules that are held here: the start token, and at most so many more.

    Args:
        model: an encoder-decoder; its lock is held.
        given: arguments of the network, (1, n) each.
        tokens: at most so many.

    Raises:
        InputError: rules that make no sense, or that forbid every token.
    """
    how = greedily(tokens)
    config = model.network.config
    if getattr(config, "num_decoder_layers", None) not in (None, getattr(config, "num_layers", None)):
        how["use_cache"] = False  # transformers makes a cache with as many layers as the encoder has
    with sensible(model):
        return model.network.generate(**given, **how, logits_processor=LogitsProcessorList([_SomeAllowed(model)]))[0].tolist()


def _processors(model: Model, begins: int, source: Sequence[int]) -> LogitsProcessorList:
    rules, ends, device = held(model), end_tokens(model), str(model.device)
    made: dict[str, LogitsProcessor] = {}
    read = torch.tensor([list(source)], device=model.device)
    # What stands there holds, also a 0 that makes no sense: then it is refused as transformers refuses it.
    if "sequence_bias" in rules:
        made["sequence_bias"] = SequenceBiasLogitsProcessor(rules["sequence_bias"])
    if "encoder_repetition_penalty" in rules:
        made["encoder_repetition_penalty"] = EncoderRepetitionPenaltyLogitsProcessor(float(rules["encoder_repetition_penalty"]), read)
    if "repetition_penalty" in rules:
        made["repetition_penalty"] = RepetitionPenaltyLogitsProcessor(float(rules["repetition_penalty"]))
    # Of the numbers, transformers leaves out those that are not above 0.
    if (n := rules.get("no_repeat_ngram_size")) and n > 0:
        made["no_repeat_ngram_size"] = NoRepeatNGramLogitsProcessor(int(n))
    if (n := rules.get("encoder_no_repeat_ngram_size")) and n > 0:
        made["encoder_no_repeat_ngram_size"] = EncoderNoRepeatNGramLogitsProcessor(int(n), read)
    if words := rules.get("bad_words_ids"):
        made["bad_words_ids"] = NoBadWordsLogitsProcessor(words, ends or None)
    if ends and (least := rules.get("min_length")) and least > 0:
        made["min_length"] = MinLengthLogitsProcessor(least, ends, device)
    if ends and (least := rules.get("min_new_tokens")) and least > 0:
        made["min_new_tokens"] = MinNewTokensLengthLogitsProcessor(begins, least, ends, device)
    forced = rules.get("forced_bos_token_id")
    if forced is not None:
        made["forced_bos_token_id"] = ForcedBOSTokenLogitsProcessor(forced)
    if rules.get("remove_invalid_values"):
        made["remove_invalid_values"] = InfNanRemoveLogitsProcessor()
    if ends and (decay := rules.get("exponential_decay_length_penalty")):
        made["exponential_decay_length_penalty"] = ExponentialDecayLengthPenalty(tuple(decay), ends, begins)
    if tokens := rules.get("suppress_tokens"):
        made["suppress_tokens"] = SuppressTokensLogitsProcessor(tokens, device)
    if tokens := rules.get("begin_suppress_tokens"):
        # A forced first token comes before what is looked at.
        index = begins if begins > 1 or forced is None else begins + 1
        made["begin_suppress_tokens"] = SuppressTokensAtBeginLogitsProcessor(tokens, index, device)
    return LogitsProcessorList(made.values())


def start_token(model: Model) -> int:
    """The token with which the decoder of an encoder-decoder begins. Raises InputError where the model names none that there is."""
    for config in (getattr(model.network, "generation_config", None), model.network.config):
        for name in ("decoder_start_token_id", "bos_token_id"):
            found = getattr(config, name, None)
            # A list holds one for each text.
            found = found[0] if isinstance(found, list) and found else found
            if isinstance(found, int):
                if not 0 <= found < _vocabulary(model):
                    raise InputError(
                        _("The decoder of {name} is to begin with token {found}, which there is not.").format(name=model.name, found=found),
                        _("Choose another model."),
                    )
                return found
    raise InputError(_("{name} does not say with which token its decoder begins.").format(name=model.name), _("Choose another model."))


def shifted(model: Model, target: Sequence[int]) -> list[int]:
    """What a decoder reads to write a target, as in training: its start token first, the last token left out."""
    if hasattr(model.network, "prepare_decoder_input_ids_from_labels"):
        # Most look for it in config.json alone, where newer models do not write it.
        with suppress(TypeError, ValueError):
            return model.network.prepare_decoder_input_ids_from_labels(labels=torch.tensor([target]))[0].tolist()
    return [start_token(model), *target[:-1]]


def end_tokens(model: Model) -> list[int]:
    """Tokens after which nothing comes. Raises InputError for what is no number of a token."""
    config = getattr(model.network, "generation_config", None) or model.network.config
    end = getattr(config, "eos_token_id", None)
    ends = list(end) if isinstance(end, list) else [] if end is None else [end]
    with sensible(model):
        return [int(token) for token in ends]


def _vocabulary(model: Model) -> float:
    """How many words the decoder may read or write; without end where that is not known."""
    words = model.network.get_output_embeddings()
    return math.inf if words is None else words.weight.shape[0]
