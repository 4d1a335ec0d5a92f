"""Trains the small language models: `python -m models.training.language --model gpt2-mini --data ../shared/data --out models/shipped/gpt2-mini`.

gpt2-mini predicts the next token, bert-mini hidden ones; both have 6 layers of 8 heads and share a byte-level BPE. The same
command goes on where an interrupted one stopped, to the same result: batches depend on the seed and the number of the step.
Until the learning rate falls, an interrupted run may be given another number of steps.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from models.training import card, checkpoint, corpus, loop, pieces
from models.training.batches import NOT_ASKED, Batch, Stream, masked_words, next_words, rng_of
from models.training.recipe import GPT2, RECIPES, Recipe, network_of, optimisers_of

_TIMED, _NOT_TIMED = 8, 3
"""Steps by which minutes become a number of steps, and steps before them in which memory is still being laid out."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.training.language", description="Trains a small language model from scratch.")
    parser.add_argument("--model", choices=RECIPES, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with wikitext2/ and gutenberg/")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model; an unfinished run is kept beside it, in OUT.work")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="number of steps")
    length.add_argument("--minutes", type=float, help="as many steps as these minutes are likely to hold")
    parser.add_argument("--rate", type=float, help="highest learning rate")
    parser.add_argument("--seed", type=int, help="seed of the weights and of the batches")
    parser.add_argument("--embeddings", help="model with the same merges whose token embeddings are the first ones here (default: random)")
    parser.add_argument("--compile", action="store_true", help="compile the network first: twice as fast, needs a C++ compiler")
    parser.add_argument("--restart", action="store_true", help="forget an unfinished run instead of going on with it")
    given = parser.parse_args(arguments)
    changes = {name: getattr(given, name) for name in ("steps", "rate", "seed", "embeddings") if getattr(given, name) is not None}
    recipe = dataclasses.replace(RECIPES[given.model], **changes)
    return loop.status(lambda: make(recipe, given.data, given.out, minutes=given.minutes, compiled=given.compile, restart=given.restart))


def make(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    minutes: float | None = None,
    compiled: bool = False,
    restart: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Trains a model and writes it with its card, from the start or from where an earlier run stopped.

    Args:
        data: folder with wikitext2/ and gutenberg/.
        out: where the model goes.
        minutes: decides the number of steps in place of the recipe; an unfinished run keeps the number it began with.
        compiled: let torch compile the network, see `compiled_loss`.
        restart: forget an unfinished run.
        say: told what is going on.

    Raises:
        InputError: data are missing, or a checkpoint in the way is broken or of another recipe.
        ModelError: the training went astray.
        Stopped: on Ctrl-C or SIGTERM.
    """
    file = loop.checkpoint_of(out)
    if restart:
        file.unlink(missing_ok=True)
    texts = corpus.read(data)
    test = corpus.wikitext(data, "test")
    tokenizer = tokenizer_of(recipe, texts)
    streams = streams_of(recipe, texts, tokenizer)
    say(f"{recipe.model}: {sum(len(stream.ids) for stream in streams):,} tokens of text, {len(tokenizer):,} in the vocabulary")
    if minutes:
        begun = checkpoint.about(file)
        steps = begun["recipe"]["steps"] if begun else round(minutes * 60 / _seconds_a_step(recipe, streams, tokenizer, compiled))
        recipe = dataclasses.replace(recipe, steps=max(1, steps))
    network, seconds = train(recipe, streams, tokenizer, file, say, compiled=compiled)
    loop.write(out, network, tokenizer)
    card.write(out, recipe, texts, test, seconds, compiled, say)
    loop.forget(file)


def train(
    recipe: Recipe,
    streams: Sequence[Stream],
    tokenizer: PreTrainedTokenizerBase,
    file: Path,
    say: Callable[[str], None] = print,
    *,
    compiled: bool = False,
) -> tuple[nn.Module, float]:
    """The trained network, float32 on the CPU, and the seconds of processor time that it took, which no break or busy machine adds to.

    Args:
        file: checkpoint, read where it is there, written every few minutes, when the run is stopped, and at the end.
        compiled: as in `make`.

    Raises:
        InputError: the checkpoint is broken or of another recipe.
        ModelError: the loss is no longer a number.
        Stopped: on Ctrl-C or SIGTERM.
    """
    torch.manual_seed(recipe.seed)
    network = network_of(recipe, tokenizer).to(loop.device()).train()
    optimisers = optimisers_of(network, recipe)
    loss_of = compiled_loss(network) if compiled else loss
    seconds = loop.run(
        network, optimisers, recipe, lambda step: one_step(network, optimisers, recipe, step, streams, tokenizer, loss_of), file, say
    )
    return network.float().cpu().eval(), seconds


def one_step(
    network: nn.Module,
    optimisers: Sequence[torch.optim.Optimizer],
    recipe: Recipe,
    step: int,
    streams: Sequence[Stream],
    tokenizer: PreTrainedTokenizerBase,
    loss_of: Callable[[nn.Module, Tensor, Tensor, Tensor], Tensor],
) -> Tensor:
    """One step of training: draws the batch, computes the loss and its gradients, clips them, and lets each optimiser move its weights.

    Args:
        network: a masked or a causal language model; its weights are changed in place.
        optimisers: each with a part of the parameters (matrices and the rest take different ones); their rate is set here.
        recipe: size of the batch, learning rate at each step, largest norm of the gradient.
        step: number of the step, from 0. With the seed of the recipe it decides the batch, so that a run that was interrupted goes on
            with the very batches that it would have had.
        streams: the texts, as long rows of tokens, that windows are cut from.
        tokenizer: for the ids of the special tokens.
        loss_of: loss of (network, inputs (batch, context), targets (asked,), where (asked,)), see `loss`.

    Returns:
        The loss before the step, in nats per token that was asked for: a scalar without gradient, on the network's device.
    """
    batch = batch_of(recipe, step, streams, tokenizer)
    found = loss_of(network, *asked(batch, next(network.parameters()).device))
    return loop.update(network, optimisers, recipe, step, found)


def batch_of(recipe: Recipe, step: int, streams: Sequence[Stream], tokenizer: PreTrainedTokenizerBase) -> Batch:
    """The batch of a step, counted from 0."""
    rng = rng_of(recipe.seed, step)
    context = int(rng.choice(recipe.contexts_at(step)))
    rows = max(1, recipe.tokens // context)
    # Special tokens come after the ordinary ones.
    ordinary = len(tokenizer) - len(tokenizer.all_special_ids)
    if recipe.model == GPT2:
        return next_words(rng, streams, rows, context, recipe.repeated, ordinary)
    special = (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.mask_token_id)
    return masked_words(rng, streams, rows, context, recipe.hidden, *special, ordinary)


def loss(network: nn.Module, inputs: Tensor, targets: Tensor, where: Tensor) -> Tensor:
    """Mean cross-entropy in nats; the logits, a third of all the work, are computed only where something is asked for.

    Args:
        inputs: tokens, (batch, context).
        targets: (asked,) tokens, or NOT_ASKED.
        where: (asked,) the places of the targets, counted through the whole batch.
    """
    head = network.cls if hasattr(network, "cls") else network.lm_head
    with torch.autocast(inputs.device.type, torch.bfloat16):
        hidden = network.base_model(input_ids=inputs)[0]  # (batch, context, width)
        logits = head(hidden.flatten(0, 1)[where])
    return nn.functional.cross_entropy(logits.float(), targets, ignore_index=NOT_ASKED)


def compiled_loss(network: nn.Module, backend: str = "inductor") -> Callable[[nn.Module, Tensor, Tensor, Tensor], Tensor]:
    """`loss` as one piece of machine code, once for each length of the windows: about twice as fast, the same up to rounding.

    Args:
        network: that will be trained.
        backend: of torch.compile; another one than "inductor" is quicker to try, and writes no machine code.
    """
    if network.device.type == "cpu":
        # Compiled, the matrices of all weights beat the CPU's kernel that avoids them.
        network.set_attn_implementation("eager")
    return torch.compile(loss, dynamic=False, backend=backend)


def asked(batch: Batch, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """What `loss` takes. Where most tokens are asked for, all places are given: the rest costs little, and shapes stay the same."""
    targets = batch.targets.flatten()
    here = targets != NOT_ASKED
    where = torch.arange(len(targets)) if here.float().mean() > 0.5 else here.nonzero()[:, 0]
    return batch.inputs.to(device), targets[where].to(device), where.to(device)


def tokenizer_of(recipe: Recipe, texts: corpus.Corpus) -> PreTrainedTokenizerBase:
    """The tokenizer, learned from what is trained on; its merges are the same for both models."""
    merges = pieces.merges([texts.raw, *texts.articles, *texts.books], recipe.vocabulary)
    return (pieces.for_gpt2 if recipe.model == GPT2 else pieces.for_bert)(merges, recipe.context)


def streams_of(recipe: Recipe, texts: corpus.Corpus, tokenizer: PreTrainedTokenizerBase) -> list[Stream]:
    """WikiText-2 as it is, its articles as people type them, and the books; gpt2-mini finds its end token between texts."""
    line_ends = np.array([token.endswith(pieces.LINE_END) for token in tokenizer.convert_ids_to_tokens(range(len(tokenizer)))])
    between = [tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else []
    streams = []
    for share, parts in zip(recipe.shares, ((texts.raw,), texts.articles, texts.books), strict=True):
        encoded = tokenizer(list(parts), add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]
        ids = np.concatenate([np.array(between + part, dtype=np.int32) for part in encoded])
        streams.append(Stream(ids, np.flatnonzero(line_ends[ids]) + 1, share))
    return streams


def _seconds_a_step(recipe: Recipe, streams: Sequence[Stream], tokenizer: PreTrainedTokenizerBase, compiled: bool) -> float:
    network = network_of(recipe, tokenizer).to(loop.device()).train()
    optimisers = optimisers_of(network, recipe)
    loss_of = compiled_loss(network) if compiled else loss
    for step in range(_NOT_TIMED + _TIMED):
        if step == _NOT_TIMED:
            begun = time.monotonic()
        one_step(network, optimisers, recipe, step, streams, tokenizer, loss_of).item()
    return (time.monotonic() - begun) / _TIMED


if __name__ == "__main__":
    sys.exit(main())
