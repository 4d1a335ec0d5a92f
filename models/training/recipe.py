"""What decides how a small language model comes out, apart from the texts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn, optim
from transformers import BertConfig, BertForMaskedLM, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerBase

from models.errors import InputError
from models.opening import loading
from models.toy.positions import sinusoids
from models.training.optimiser import adamw, muon
from models.training.schedule import Schedule

GPT2, BERT = "gpt2-mini", "bert-mini"


@dataclass(frozen=True)
class Recipe(Schedule):
    """One training run; steps, rate, decay, clip and seed are those of a `Schedule`.

    Attributes:
        model: GPT2 or BERT.
        tokens: tokens of a step.
        contexts: lengths that a step's windows may have, drawn anew for each step; the last is the longest.
        shorter: before that, windows of one length up to a step, as (length, step): in short windows induction heads form sooner, as
            each position is read more often and there is less to choose from.
        layers, heads, width: shape of the network; a feed-forward layer is four times as wide.
        vocabulary: size of the BPE, special tokens not counted.
        repeated: share of gpt2-mini's windows that are repeated random tokens.
        hidden: share of the tokens that bert-mini is asked for.
        shares: shares of the windows from WikiText-2 as it is, from the same as people type it, and from books.
        embeddings: folder of a model with the same merges whose token embeddings are the first ones here; empty for random ones.
    """

    model: str
    steps: int
    rate: float
    tokens: int = 4096
    contexts: tuple[int, ...] = (128, 256)
    shorter: tuple[tuple[int, int], ...] = ((32, 600), (64, 900))
    layers: int = 6
    heads: int = 8
    width: int = 256
    vocabulary: int = 7996
    repeated: float = 0.15
    hidden: float = 0.15
    shares: tuple[float, float, float] = (0.55, 0.15, 0.3)
    rising: int = 150
    falling: float = 0.3
    decay: float = 0.1
    clip: float = 1.0
    seed: int = 0
    embeddings: str = ""

    @property
    def context(self) -> int:
        """The longest text in tokens, special tokens included."""
        return self.contexts[-1]

    def contexts_at(self, step: int) -> tuple[int, ...]:
        """Lengths that the windows of a step, counted from 0, may have."""
        return next(((length,) for length, until in self.shorter if step < until), self.contexts)


RECIPES = {
    GPT2: Recipe(GPT2, steps=3600, rate=3e-3),
    # Twice the masks that it is asked for later: of a short run most is learned from more of them (Wettig et al. 2023).
    BERT: Recipe(BERT, steps=5000, rate=3e-3, hidden=0.3),
}


def network_of(recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> nn.Module:
    """The untrained network, without dropout: a run this short never sees the data often enough to need it.

    Position embeddings are learned, and begin as small sinusoids rather than at random: a head that looks at the token before finds its
    place sooner.

    Raises:
        ModelError, InputError: the model that gives the token embeddings cannot be opened, or has other tokens.
    """
    network = _random(recipe, tokenizer)
    table = next(module for name, module in network.named_modules() if name.endswith(("wpe", "position_embeddings")))
    with torch.no_grad():
        # As large as the other embeddings at first: the mean square of a sinusoid is one half.
        table.weight.copy_(sinusoids(*table.weight.shape) * network.config.initializer_range * 2**0.5)
    if recipe.embeddings:
        giver = loading.load(recipe.embeddings, device="cpu", dtype="float32")
        shared = sorted(number for _token, number in giver.tokenizer.get_vocab().items() & tokenizer.get_vocab().items())
        ours, theirs = (of.get_input_embeddings().weight for of in (network, giver.network))
        if len(shared) < len(tokenizer) - len(tokenizer.all_special_ids) or ours.shape[1] != theirs.shape[1]:
            raise InputError(f"{recipe.embeddings} has other tokens or another width.", "Give a model that was trained on the same data.")
        with torch.no_grad():
            ours[shared] = theirs[shared]
    return network


def optimisers_of(network: nn.Module, recipe: Schedule) -> tuple[optim.Optimizer, optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for the embeddings and all vectors, with one learning rate."""
    lists = [module for module in network.modules() if isinstance(module, nn.ModuleList)]
    matrices = {id(weight) for layers in lists for weight in layers.parameters() if weight.dim() == 2}
    within, without = ([w for w in network.parameters() if (id(w) in matrices) == inside] for inside in (True, False))
    return muon(within, recipe.rate, recipe.decay), adamw(without, recipe.rate, recipe.decay, (0.9, 0.95))


def _random(recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> nn.Module:
    if recipe.model == GPT2:
        config = GPT2Config(
            vocab_size=len(tokenizer),
            n_positions=recipe.context,
            n_embd=recipe.width,
            n_layer=recipe.layers,
            n_head=recipe.heads,
            # GPT-2's own tanh form of GELU, in one kernel where "gelu_new" takes seven.
            activation_function="gelu_pytorch_tanh",
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
        return GPT2LMHeadModel._from_config(config, attn_implementation="sdpa")
    config = BertConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=recipe.context,
        hidden_size=recipe.width,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        intermediate_size=4 * recipe.width,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=tokenizer.pad_token_id,
    )
    return BertForMaskedLM._from_config(config, attn_implementation="sdpa")
