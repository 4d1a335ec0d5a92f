"""A recurrent network to set beside the toy transformer: gated recurrent units (Cho et al. 2014), same call, same output."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import PreTrainedConfig, PreTrainedModel
from transformers import initialization as init

from models.errors import InputError
from models.toy.config import ToyConfig
from models.toy.model import ToyModel, ToyOutput, loss_of
from models.words import told


class RnnConfig(PreTrainedConfig):
    """What a recurrent toy is made of; fields as in `ToyConfig`. Raises InputError for what makes no sense.

    Attributes:
        causal: reads from left to right; without it in both directions, half of the width each.
    """

    model_type = "explorer-toy-rnn"
    attribute_map = {  # noqa: RUF012
        "hidden_size": "d_model",
        "num_hidden_layers": "layers",
        "tie_word_embeddings": "tie_embeddings",
    }

    vocab_size: int = 32
    layers: int = 2
    d_model: int = 64
    causal: bool = True
    dropout: float = 0.0
    tie_embeddings: bool = True
    max_length: int = 128
    task: str = ""
    task_settings: dict | None = None
    pad_token_id: int | None = None
    bos_token_id: int | None = None
    eos_token_id: int | None = None

    def __post_init__(self, **kwargs: object) -> None:
        self.task_settings = dict(self.task_settings or {})
        super().__post_init__(**kwargs)
        if min(self.vocab_size, self.layers, self.d_model) < 1:
            raise InputError(told("vocab_size, layers and d_model are at least 1."))
        if not self.causal and self.d_model % 2:
            raise InputError(told("d_model {d_model} does not divide into two directions.", d_model=self.d_model), told("Make it even."))

    @classmethod
    def like(cls, config: ToyConfig) -> RnnConfig:
        """A recurrent network for the same task, as deep, and as wide as gives it about as many parameters.

        Raises:
            InputError: for an encoder-decoder.
        """
        if config.encoder_decoder:
            raise InputError(told("There is no recurrent network of two sides here."), told("Take a task with one sequence."))
        shared = ("vocab_size", "layers", "causal", "dropout", "tie_embeddings", "max_length", "task", "task_settings")
        settings = {name: getattr(config, name) for name in (*shared, "pad_token_id", "bos_token_id", "eos_token_id")}
        with torch.device("meta"):
            wanted = ToyModel(config).num_parameters()
        # A wider network always has more parameters: the first that has enough, or the one before it.
        widths = range(2, 2 * wanted, 2)
        counts = ((abs(_parameters(width, settings) - wanted), width) for width in widths)
        best = next(counts)
        for candidate in counts:
            if candidate[0] > best[0]:
                break
            best = candidate
        return cls(d_model=best[1], **settings)


class ToyRnn(PreTrainedModel):
    """Embeddings, layers of gated recurrent units, and an output layer; there is no attention to show."""

    config_class = RnnConfig
    _tied_weights_keys = {"lm_head.weight": "embedding.weight"}  # noqa: RUF012

    def __init__(self, config: RnnConfig) -> None:
        super().__init__(config)
        width = config.d_model if config.causal else config.d_model // 2
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        between = config.dropout if config.layers > 1 else 0.0
        self.rnn = nn.GRU(config.d_model, width, config.layers, batch_first=True, dropout=between, bidirectional=not config.causal)
        self.dropout = nn.Dropout(config.dropout)
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        return self.embedding

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.embedding = value

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, nn.GRU):  # PyTorch's own start, which transformers does not know
            for weight in module.parameters():
                init.uniform_(weight, -(module.hidden_size**-0.5), module.hidden_size**-0.5)

    def forward(
        self, input_ids: Tensor | None = None, attention_mask: Tensor | None = None, labels: Tensor | None = None, **kwargs: object
    ) -> ToyOutput:
        """Logits (batch, n, vocabulary), and the loss where labels are given: see `ToyModel.forward`.

        Args:
            attention_mask: (batch, n), 0 where a token is padding, which stands at the end.
        """
        x = self.dropout(self.embedding(input_ids))
        if attention_mask is None:
            hidden, _ = self.rnn(x)
        else:
            packed = pack_padded_sequence(x, attention_mask.sum(dim=1).cpu(), batch_first=True, enforce_sorted=False)
            hidden, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=x.shape[1])
        hidden = self.dropout(hidden)
        logits = self.lm_head(hidden)
        return ToyOutput(loss_of(logits, labels), logits, hidden)


def _parameters(width: int, settings: dict) -> int:
    """Parameters of a recurrent network: three gates of an input and a recurrent matrix with a bias each, and the embedding."""
    recurrent = width * width if settings["causal"] else 2 * (width // 2) ** 2
    embeddings = settings["vocab_size"] * width * (1 if settings["tie_embeddings"] else 2)
    return 3 * settings["layers"] * (width * width + recurrent + 2 * width) + embeddings
