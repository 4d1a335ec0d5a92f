"""The switches of the toy transformer."""

from __future__ import annotations

from transformers import PreTrainedConfig
from transformers.activations import ACT2FN

from models.errors import InputError
from models.words import told

CHOICES: dict[str, tuple[str, ...]] = {
    "combine": ("concat", "mean"),
    "scale": ("sqrt", "none", "d_k"),
    "positions": ("learned", "none", "sinusoidal", "sinusoidal-concat", "rope", "alibi"),
    "norm": ("pre", "post", "none"),
    "attention": ("softmax", "sparsemax", "linear", "window", "strided", "global"),
    "head": ("plain", "bert"),
}
"""Fields with a fixed set of values."""

SHORTEST = 8
"""Least `max_length`: opening a model runs it on a few tokens (`models.opening.sites.find_sites`)."""


class ToyConfig(PreTrainedConfig):
    """What a toy transformer is made of. Raises InputError for what makes no sense.

    Attributes:
        vocab_size: number of tokens.
        layers: layers; with `encoder_decoder`, layers of the encoder and as many of the decoder.
        heads: heads per layer.
        d_model: width of the residual stream.
        d_k: numbers per query, key and value of one head; None for d_model / heads.
        combine: outputs of the heads are concatenated (Vaswani et al. 2017) or averaged.
        output_projection: W_O after that; without it the widths must match.
        tie_kv: keys and values share one matrix.
        scale: scores are q k^T / sqrt(d_k), q k^T, or q k^T / d_k.
        causal: a token sees itself and what comes before it. A lone stack without it is an encoder.
        encoder_decoder: a source side, bidirectional, that the decoder attends to.
        positions: where order comes from. "learned" and "sinusoidal" (Vaswani et al. 2017, sections 3.4 and 3.5: token embeddings are
            multiplied by sqrt(d_model)) are added to the tokens; "sinusoidal-concat" is put beside them, and one matrix brings both
            back to d_model; "rope" turns queries and keys (Su et al. 2021); "alibi" is a bias on the scores (Press et al. 2021).
        position_interpolation: positions are divided by it before RoPE turns (Chen et al. 2023).
        rope_base: base of RoPE's wavelengths.
        norm: layer norm before each sublayer and at the end, after each sum, or nowhere.
        norm_eps: epsilon of the layer norms.
        residual: each sublayer is added to its input, rather than taking its place.
        ffn: width of the feed-forward layer in units of d_model, 0 to 8; 0 for none.
        activation: its activation, by its name in transformers.
        attention: "softmax"; "sparsemax" (Martins & Astudillo 2016); "linear" with elu + 1 (Katharopoulos et al. 2020); or softmax over
            a part of the keys: "window" (the nearest), "strided" (Child et al. 2019: the nearest, and every `window`-th), "global"
            (Beltagy et al. 2020: itself and the global tokens, which see everything). Cross-attention sees all of the source.
        window: for "window", keys that a query sees, itself included, and as many ahead where it is not causal; for "strided", the
            stride; for "global", how many of the first tokens are global.
        identical_heads: all heads of a layer start with the same weights.
        dropout: on embeddings, attention weights and sublayers, while training.
        bias: biases in projections and norms.
        tie_embeddings: the output layer shares the token embedding.
        token_types: number of segment embeddings; 0 for none.
        embedding_norm: layer norm on the embeddings.
        head: "plain" (one matrix) or "bert" (dense, activation, norm, matrix with bias: Devlin et al. 2019).
        max_length: longest sequence that positions are learned for; sequences are trained up to it. At least `SHORTEST`.
        init_std: standard deviation of the initial weights; biases start at 0.
        task: name of the toy task that it was trained on.
        task_settings: settings of that task.
    """

    model_type = "explorer-toy"
    attribute_map = {  # noqa: RUF012
        "hidden_size": "d_model",
        "num_hidden_layers": "layers",
        "num_attention_heads": "heads",
        "is_encoder_decoder": "encoder_decoder",
        "tie_word_embeddings": "tie_embeddings",
        "initializer_range": "init_std",
        "layer_norm_eps": "norm_eps",
    }

    vocab_size: int = 32
    layers: int = 2
    heads: int = 4
    d_model: int = 64
    d_k: int | None = None
    combine: str = "concat"
    output_projection: bool = True
    tie_kv: bool = False
    scale: str = "sqrt"
    causal: bool = True
    encoder_decoder: bool = False
    positions: str = "learned"
    position_interpolation: float = 1.0
    rope_base: float = 10000.0
    norm: str = "pre"
    norm_eps: float = 1e-5
    residual: bool = True
    ffn: float = 4.0
    activation: str = "gelu_new"
    attention: str = "softmax"
    window: int = 8
    identical_heads: bool = False
    dropout: float = 0.0
    bias: bool = True
    tie_embeddings: bool = True
    token_types: int = 0
    embedding_norm: bool = False
    head: str = "plain"
    max_length: int = 128
    init_std: float = 0.02
    task: str = ""
    task_settings: dict | None = None
    pad_token_id: int | None = None
    bos_token_id: int | None = None
    eos_token_id: int | None = None
    decoder_start_token_id: int | None = None

    def __post_init__(self, **kwargs: object) -> None:
        self.task_settings = dict(self.task_settings or {})
        super().__post_init__(**kwargs)
        self._check_numbers()
        self._check_combinations()

    @property
    def head_dim(self) -> int:
        """Numbers per query, key and value of one head."""
        return self.d_k or self.d_model // self.heads

    @property
    def ffn_width(self) -> int:
        """Units of a feed-forward layer; 0 where there is none."""
        return round(self.ffn * self.d_model)

    @property
    def encoder_layers(self) -> int:
        """Layers of the source side of an encoder-decoder."""
        return self.layers if self.encoder_decoder else 0

    @property
    def max_position_embeddings(self) -> int | None:
        """Longest sequence it can read: only learned positions come to an end."""
        return self.max_length if self.positions == "learned" else None

    @property
    def normaliser(self) -> str:
        """What turns scores into weights, as `models.attention` calls it."""
        return self.attention if self.attention in ("sparsemax", "linear") else "softmax"

    def _check_numbers(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(
                    told("{name} is {value!r}.", name=name, value=getattr(self, name)),
                    told("It is one of {choices}.", choices=", ".join(choices)),
                )
        if self.activation not in ACT2FN:
            raise InputError(
                told("There is no activation {activation!r}.", activation=self.activation),
                told("Take one of transformers, such as relu, gelu or silu."),
            )
        for name in ("vocab_size", "layers", "heads", "d_model", "window", *(["d_k"] if self.d_k is not None else [])):
            if getattr(self, name) < 1:
                raise InputError(told("{name} is {value}.", name=name, value=getattr(self, name)), told("It is at least 1."))
        if self.max_length < SHORTEST:
            raise InputError(
                told("max_length is {max_length}.", max_length=self.max_length),
                told("It is at least {shortest}; shorter sequences are fine.", shortest=SHORTEST),
            )
        if not 0 <= self.ffn <= 8 or 0 < self.ffn * self.d_model < 0.5:
            raise InputError(told("ffn is {ffn} times d_model.", ffn=self.ffn), told("It is between 0 and 8, and 0 is none."))
        if not 0 <= self.dropout < 1:
            raise InputError(told("dropout is {dropout}.", dropout=self.dropout), told("It is at least 0 and below 1."))
        for name in ("position_interpolation", "rope_base", "norm_eps"):
            if not getattr(self, name) > 0:
                raise InputError(told("{name} is {value}.", name=name, value=getattr(self, name)), told("It is above 0."))

    def _check_combinations(self) -> None:
        if self.d_k is None and self.d_model % self.heads:
            raise InputError(
                told("d_model {d_model} does not divide into {heads} heads.", d_model=self.d_model, heads=self.heads),
                told("Change one of them, or set d_k."),
            )
        out = self.head_dim * (self.heads if self.combine == "concat" else 1)
        if not self.output_projection and out != self.d_model:
            raise InputError(
                told(
                    "Without the output projection the heads give {out} numbers where the residual stream has {d_model}.",
                    out=out,
                    d_model=self.d_model,
                ),
                told("Make {width} equal to d_model, or keep the projection.", width="d_k x heads" if self.combine == "concat" else "d_k"),
            )
        if self.encoder_decoder and not self.causal:
            raise InputError(
                told("A decoder that sees the tokens it is to predict learns nothing."), told("Set causal, or leave encoder_decoder out.")
            )
        if self.positions == "rope" and self.head_dim % 2:
            raise InputError(told("RoPE turns pairs of numbers, and d_k is {head_dim}.", head_dim=self.head_dim), told("Make it even."))
        if self.position_interpolation != 1 and self.positions != "rope":
            raise InputError(
                told("Only RoPE interpolates positions, not {positions}.", positions=self.positions),
                told("Set position_interpolation to 1, or positions to rope."),
            )
        if self.attention == "linear" and self.positions in ("rope", "alibi"):
            raise InputError(
                told("RoPE and ALiBi act on the scores of a softmax; linear attention has none."),
                told("Take learned or sinusoidal positions, or none."),
            )
        if self.attention == "window" and self.window < 2:
            raise InputError(told("In a window of 1 a token sees only itself."), told("Make window at least 2."))
