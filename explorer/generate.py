"""Text made token by token: what the next one could be, which was taken, and where the newest one looked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from explorer import own_rules
from explorer.i18n import _
from explorer.reading import AnyText, Tokens, inputs, read
from explorer.tokens import readable
from models import InputError, Model, attention
from models.opening import rotary, sites
from models.opening.devices import room_on
from models.words import told


@dataclass(frozen=True)
class Sampling:
    """How the next token is taken.

    Attributes:
        greedy: always the likeliest one that the model's own rules allow; the rest has no effect then.
        temperature: logits are divided by it; above 0.
        top_k: only the k likeliest (Fan et al. 2018); 0 for all.
        top_p: only the likeliest whose probabilities add up to it (Holtzman et al. 2020); 1 for all.
        seed: of the draw.

    Raises:
        InputError: a number out of its range.
    """

    greedy: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.temperature > 0 or self.top_k < 0 or not 0 < self.top_p <= 1:
            raise InputError(_("A temperature is above 0, top k at least 0, and top p above 0 and at most 1."))

    def processors(self) -> LogitsProcessorList:
        """What transformers does to logits, in its order."""
        found = LogitsProcessorList([TemperatureLogitsWarper(float(self.temperature))])
        if self.top_k:
            found.append(TopKLogitsWarper(self.top_k))
        if self.top_p < 1:
            found.append(TopPLogitsWarper(self.top_p))
        return found


@dataclass(frozen=True)
class Candidate:
    """A token that could come next: its id, readable text, probability by the model, and probability in the draw."""

    number: int
    text: str
    chance: float
    drawn: float


@dataclass(frozen=True, eq=False)
class Step:
    """One token.

    Attributes:
        token: what was taken.
        ends: whether it is an end token, after which nothing comes.
        candidates: the likeliest ones, likeliest first.
        entropy: of the model's prediction, in nats.
        attention: by part ("decoder", "cross"), where the token before it looked, float32 (layers, heads, keys), nan where a layer has
            fewer heads: what the prediction was made with.
        keys: by part, readable tokens that it could look at.
    """

    token: Candidate
    ends: bool
    candidates: tuple[Candidate, ...]
    entropy: float
    attention: dict[str, np.ndarray]
    keys: dict[str, tuple[str, ...]]


def generate(model: Model, text: AnyText, sampling: Sampling | None = None, *, tokens: int = 40, candidates: int = 10) -> Iterator[Step]:
    """Goes on with a text, or answers it, one token at a time; whoever stops asking stops it.

    What the model's own generation_config.json forbids or demands holds in the draw (`own_rules`), and not in the probabilities by the model.

    Args:
        model: a decoder, or an encoder-decoder, which reads the text as its source.
        text: the text; or ids, or a capture, whose tokens (of its source, for encoder-decoders) are gone on with.
        sampling: how tokens are taken; greedily where None.
        tokens: at most so many; fewer where an end token comes, or where the model has no more places.
        candidates: how many to list.

    Raises:
        InputError: an empty or too long text, or a model that predicts no next words.
    """
    sampling = sampling or Sampling(greedy=True)
    if model.kind == "encoder" or model.network.get_output_embeddings() is None:
        raise InputError(_("{name} does not predict next words.").format(name=model.name), _("Choose a decoder or an encoder-decoder."))
    return _steps(model, read(model, text), sampling, tokens, candidates)


def _steps(model: Model, source: Tokens, sampling: Sampling, tokens: int, candidates: int) -> Iterator[Step]:
    draw, warpers = torch.Generator().manual_seed(sampling.seed), sampling.processors()
    network, tokenizer = model.network, model.tokenizer
    paired, ends = model.kind == "encoder-decoder", own_rules.end_tokens(model)
    begins = 1 if paired else len(source)
    source_keys: tuple[str, ...] = source.text if paired else ()
    ids = torch.tensor([[own_rules.start_token(model)] if paired else source.ids])
    given: dict[str, object] = {}
    device, turns = None, rotary.turns_at(network)
    cache, name = None, "decoder_input_ids" if paired else "input_ids"
    for _step in range(tokens):
        if model.max_length and ids.shape[1] > model.max_length:
            return
        room = room_on(model.device, told("{n} tokens", n=ids.shape[1] + len(source) * paired))
        with model.lock, torch.inference_mode(), room, attention.attending(model.sites_of) as run:
            if device != model.device:  # at first, and where the model was moved since: what is kept is made anew where it is now
                device, cache = model.device, None
                ids = ids.to(device)
                given = _encoded(network, source, device) if paired else {}
                rules = own_rules.Rules(model, begins, source.ids)
            if turns is not None and ids.shape[1] == turns + 1:  # what the cache holds is turned by other angles from here on
                cache = None
            new = ids if cache is None else ids[:, -1:]
            if model.kind == "decoder" and source.types:  # new tokens belong to the text that the last one belongs to
                types = [*source.types, *source.types[-1:] * (ids.shape[1] - len(source))]
                given["token_type_ids"] = torch.tensor([types[-new.shape[1] :]], device=device)
            output = network(**given, **{name: new}, past_key_values=cache, use_cache=True, output_attentions=bool(model.view_only))
        cache = getattr(output, "past_key_values", None)
        if not _counts(cache, ids.shape[1]):
            cache = None
        logits = output.logits[:, -1].float()
        allowed = rules.allowed(ids, logits)
        raw, used = logits.softmax(-1)[0].cpu(), warpers(ids, allowed.clone()).softmax(-1)[0].cpu()
        number = int(allowed[0].argmax()) if sampling.greedy else int(torch.multinomial(used, 1, generator=draw))
        if sampling.greedy:
            used = torch.nn.functional.one_hot(torch.tensor(number), len(used)).float()
        likeliest = raw.topk(min(candidates, len(raw))).indices.tolist()
        made = [
            Candidate(i, word, float(raw[i]), float(used[i]))
            for i, word in zip([*likeliest, number], readable(tokenizer, [*likeliest, number]), strict=True)
        ]
        seen = tuple(readable(tokenizer, ids[0].tolist()))
        there = {"decoder": seen, "cross": source_keys}
        looked = _looked(model, run, output, {part: len(texts) for part, texts in there.items()})
        keys = {part: there[part] for part in looked}
        yield Step(made[-1], number in ends, tuple(made[:-1]), float(torch.special.entr(raw).sum()), looked, keys)
        if number in ends:
            return
        ids = torch.cat([ids, torch.full_like(ids[:, :1], number)], dim=1)


def _counts(cache: object, n: int) -> bool:
    """Whether a cache knows that it holds n tokens. A network counts places from there, and some caches ask their first layer: where that keeps
    nothing of tokens (MiniMax), every new one would stand in the first place."""
    held = getattr(cache, "get_seq_length", None)
    return held is None or int(held()) == n


def _encoded(network: nn.Module, source: Tokens, device: torch.device) -> dict[str, object]:
    """What a decoder is given of the text that it answers."""
    ids = torch.tensor([source.ids], device=device)
    # Apart from what is recorded of the decoder.
    with attention.attending(record=False):
        encoded = network.get_encoder()(**inputs(ids, (), device))
    return {"encoder_outputs": encoded, "attention_mask": torch.ones_like(ids)}


def _looked(model: Model, run: attention.Run, output: object, keys: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Attention of the newest token, by part, to so many keys each."""
    rows: dict[str, list[np.ndarray]] = {}
    for site in model.sites:
        if site.part == "encoder":
            continue
        if model.view_only:
            asked = site.part if model.kind == "encoder-decoder" else "encoder"
            weights = sites.attentions(output, asked)[site.layer][0, :, -1].float().cpu().numpy()
        else:
            record = next(record for record in run.records if record.site == site.index)
            weights = record.patterns(rows=slice(record.query.shape[2] - 1, None))[:, 0].cpu().numpy()
        rows.setdefault(site.part, []).append(weights)
    found = {}
    for part, layers in rows.items():
        whole = np.full((len(layers), max(map(len, layers)), keys[part]), np.nan, np.float32)
        for layer, weights in enumerate(layers):
            # A layer with a window keeps its last keys only, and gives no weight to those before.
            whole[layer, : len(weights)] = np.pad(weights, ((0, 0), (keys[part] - weights.shape[-1], 0)))
        found[part] = whole
    return found
