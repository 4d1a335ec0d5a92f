"""The toy transformer: `ToyModel` adds an output layer to `Transformer`, which embeds tokens and runs one `Stack` of layers, or two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput
from transformers.utils import ModelOutput

from models.errors import InputError
from models.toy import positions
from models.toy.config import ToyConfig
from models.toy.layers import Layer, Sight, ToyAttention, activation_of, norm_of
from models.words import told


@dataclass
class ToyOutput(ModelOutput):
    """What a toy returns.

    Attributes:
        loss: mean cross-entropy over the positions that have a label, in nats; None without labels.
        logits: (batch, n, vocabulary); of the decoder, where there are two sides.
        last_hidden_state: (batch, n, d_model), what the output layer reads.
        hidden_states: where asked for, the embeddings and what each layer returns, (batch, n, d_model) each.
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    last_hidden_state: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None


class Stack(nn.Module):
    """Layers one above the other, and a last norm where the norm comes first."""

    def __init__(self, config: ToyConfig, causal: bool, cross: bool = False) -> None:
        super().__init__()
        self.config, self.causal = config, causal
        self.layers = nn.ModuleList([Layer(config, cross) for _ in range(config.layers)])
        self.norm = norm_of(config) if config.norm == "pre" else nn.Identity()

    def forward(
        self, x: Tensor, mask: Tensor | None, source: Tensor | None = None, source_mask: Tensor | None = None, *, every: bool = False
    ) -> BaseModelOutput:
        """x (batch, n, d_model); mask and source_mask (batch, n), 0 is padding; `every`: keep what each layer returns."""
        sight, source_mask = self._sight(x, mask), _padding(source_mask)
        passed = (x,) if every else None
        for layer in self.layers:
            x = layer(x, sight, source, source_mask)
            if every:
                passed += (x,)
        return BaseModelOutput(last_hidden_state=self.norm(x), hidden_states=passed)

    def _sight(self, x: Tensor, padding: Tensor | None) -> Sight:
        config, n, device = self.config, x.shape[1], x.device
        mask = bias = rotation = None
        if padding is not None or config.attention in ("window", "strided", "global"):
            mask = positions.visible(n, config.attention, config.window, self.causal, device)[None, None]
            mask = mask if padding is None else mask & _padding(padding)
        if config.positions == "alibi":
            bias = positions.slopes(config.heads, device)[None, :, None, None] * positions.distances(n, device)
        if config.positions == "rope":
            rotation = positions.rotation(n, config.head_dim, config.rope_base, config.position_interpolation, device)
        return Sight(mask, self.causal, None if bias is None else bias.to(x.dtype), rotation)


class Embedding(nn.Module):
    """Tokens, and positions and segments where the config has them."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.config = config
        self.token = nn.Embedding(config.vocab_size, config.d_model)
        if config.positions == "learned":
            self.position = nn.Embedding(config.max_length, config.d_model)
        if config.positions == "sinusoidal-concat":
            self.join = nn.Linear(2 * config.d_model, config.d_model, bias=False)
        if config.token_types:
            self.segment = nn.Embedding(config.token_types, config.d_model)
        self.norm = nn.LayerNorm(config.d_model, eps=config.norm_eps, bias=config.bias) if config.embedding_norm else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, ids: Tensor, segments: Tensor | None = None) -> Tensor:
        """(batch, n) to (batch, n, d_model)."""
        x, order = self.content(ids), self.order(ids.shape[1])
        if self.config.positions == "sinusoidal-concat":
            x = self.join(torch.cat([x, order.expand_as(x)], dim=-1))
        elif order is not None:
            x = x + order
        if self.config.token_types:
            x = x + self.segment(torch.zeros_like(ids) if segments is None else segments)
        return self.dropout(self.norm(x))

    def content(self, ids: Tensor) -> Tensor:
        """What the tokens put in, whatever their position, (batch, n, d_model)."""
        x = self.token(ids)
        return x * math.sqrt(self.config.d_model) if self.config.positions.startswith("sinusoidal") else x

    def order(self, n: int) -> Tensor | None:
        """What the positions put in, whatever the tokens, (n, d_model); None where nothing is put in here. Raises InputError."""
        if self.config.positions == "learned":
            if n > self.config.max_length:
                raise InputError(
                    told("{n} tokens are more than the {max_length} learned positions.", n=n, max_length=self.config.max_length),
                    told("Shorten the text."),
                )
            return self.position.weight[:n]
        if self.config.positions.startswith("sinusoidal"):
            weight = self.token.weight
            return positions.sinusoids(n, self.config.d_model, weight.device).to(weight.dtype)
        return None


class Transformer(nn.Module):
    """Everything below the output layer: one stack, or an encoder and a decoder that attends to it."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.embedding = Embedding(config)
        self.encoder = Stack(config, causal=False) if config.encoder_decoder else None
        self.stack = Stack(config, causal=config.causal, cross=config.encoder_decoder)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        decoder_attention_mask: Tensor | None = None,
        encoder_outputs: BaseModelOutput | None = None,
        output_hidden_states: bool = False,
        **kwargs: object,
    ) -> BaseModelOutput:
        """As `ToyModel.forward`, without logits; of two sides the source alone, where the decoder has nothing to read.

        What transformers also passes, such as `use_cache`, has no meaning here.
        """
        if self.encoder is None:
            return self.stack(self.embedding(input_ids, token_type_ids), attention_mask, every=output_hidden_states)
        if encoder_outputs is None:
            every = output_hidden_states and decoder_input_ids is None
            encoder_outputs = self.encoder(self.embedding(input_ids, token_type_ids), attention_mask, every=every)
        if decoder_input_ids is None:
            return encoder_outputs
        source = encoder_outputs.last_hidden_state
        return self.stack(self.embedding(decoder_input_ids), decoder_attention_mask, source, attention_mask, every=output_hidden_states)


class BertHead(nn.Module):
    """Dense, activation and norm before the output layer (Devlin et al. 2019)."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.d_model, config.d_model)
        self.activation = activation_of(config.activation)
        self.norm = nn.LayerNorm(config.d_model, eps=config.norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.activation(self.dense(x)))


class ToyModel(PreTrainedModel, GenerationMixin):
    """A small transformer with logits over the vocabulary at every position, of the decoder where there are two sides.

    Without recording or changes it trains with PyTorch's own kernels (`sdpa`, the default); `models.load` opens it on ours.
    """

    config_class = ToyConfig
    base_model_prefix = "transformer"
    _supports_sdpa = True
    _supports_attention_backend = True
    _tied_weights_keys = {"lm_head.weight": "transformer.embedding.token.weight"}  # noqa: RUF012

    def __init__(self, config: ToyConfig) -> None:
        super().__init__(config)
        self.transformer = Transformer(config)
        self.head = BertHead(config) if config.head == "bert" else nn.Identity()
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=config.head == "bert")
        self.post_init()
        # Keys and values are computed anew for each token; the config's max_length is no wish to generate that much.
        self.generation_config.use_cache, self.generation_config.max_length = False, None
        if config.identical_heads:
            for module in self.modules():
                if isinstance(module, ToyAttention):
                    module.make_heads_identical()

    def get_input_embeddings(self) -> nn.Embedding:
        return self.transformer.embedding.token

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.transformer.embedding.token = value

    def get_encoder(self, modality: str | None = None) -> nn.Module:
        return self.transformer  # which runs the source side alone where the decoder has nothing to read

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        decoder_attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        encoder_outputs: BaseModelOutput | None = None,
        output_hidden_states: bool = False,
        **kwargs: object,
    ) -> ToyOutput:
        """Logits, and the loss where labels are given.

        Args:
            input_ids: (batch, n); the source, where there are two sides.
            attention_mask: (batch, n), 0 where a token is padding, which stands at the end; None where none is, which is faster.
            token_type_ids: (batch, n), where the config has segments.
            decoder_input_ids, decoder_attention_mask: (batch, m), what the decoder reads.
            labels: (batch, n) or (batch, m): the token that is right at each position, -100 where nothing is asked. Not shifted.
            encoder_outputs: of an earlier run of the source side.
            output_hidden_states: also return what each layer returns.

        Raises:
            InputError: more tokens than learned positions, nothing for the decoder to read, or a cache.
        """
        if kwargs.get("past_key_values") is not None:
            raise InputError(told("A toy keeps no keys and values from one call to the next."), told("Leave use_cache out."))
        if self.config.encoder_decoder and decoder_input_ids is None:
            raise InputError(told("The decoder has nothing to read."), told("Give decoder_input_ids."))
        made = self.transformer(
            input_ids,
            attention_mask,
            token_type_ids,
            decoder_input_ids,
            decoder_attention_mask,
            encoder_outputs,
            output_hidden_states,
        )
        logits = self.lm_head(self.head(made.last_hidden_state))
        return ToyOutput(loss_of(logits, labels), logits, made.last_hidden_state, made.hidden_states)


def loss_of(logits: Tensor, labels: Tensor | None) -> Tensor | None:
    """Mean cross-entropy of logits (batch, n, vocabulary) in nats, where labels (batch, n) are not -100; None without labels."""
    return None if labels is None else nn.functional.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=-100)


def _padding(mask: Tensor | None) -> Tensor | None:
    """(batch, key) with 0 for padding to bool (batch, 1, 1, key), True is visible."""
    return None if mask is None else mask[:, None, None].bool()
