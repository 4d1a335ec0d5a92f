"""The logit lens (nostalgebraist 2020): the states after each layer, read by the model's own output head.

Whatever comes after the last layer (a final norm, the transform of a masked language model, the unembedding) is computed anew by the
model's own code, on the states of an earlier layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.i18n import _
from explorer.reading import AnyText, Tokens, read
from explorer.tokens import readable
from models import InputError, Model, attention
from models.attention import heap
from models.opening import sites
from models.opening.devices import room_on
from models.surgery.resume import Passed, Runner

BLOCK_BYTES = 10 * 2**20
"""Logits of one block of tokens stay below this; a large vocabulary would else take gigabytes for all tokens and layers of a long text."""


@dataclass(frozen=True, eq=False)
class Lens:
    """What each layer would predict at each token. Row 0 is the embedding, row l + 1 is after layer l.

    Attributes:
        labels: readable tokens of the text.
        ids: the likeliest vocabulary ids, int (layers + 1, n, k), likeliest first.
        words: the same, readable.
        chances: their probabilities, (layers + 1, n, k).
        chosen: the id whose way is followed at each token, (n,): what the last layer holds likeliest, unless another was asked for.
        chance: its probability after each layer, (layers + 1, n).
        rank: how many ids are likelier there, (layers + 1, n).
        entropy: of the prediction, in nats, (layers + 1, n).
        divergence: Kullback-Leibler divergence of the last layer's prediction from it, in nats, (layers + 1, n).
    """

    labels: tuple[str, ...]
    ids: np.ndarray
    words: list[list[list[str]]]
    chances: np.ndarray
    chosen: np.ndarray
    chance: np.ndarray
    rank: np.ndarray
    entropy: np.ndarray
    divergence: np.ndarray


def lens(
    model: Model,
    text: AnyText,
    *,
    masked: int | None = None,
    chosen: int | None = None,
    k: int = 5,
    progress: Callable[[float], None] | None = None,
) -> Lens:
    """Reads every layer of a decoder or of a masked language model.

    Args:
        model: one with a vocabulary to predict.
        text: the text; or ids, or a capture, whose tokens are read as they are.
        masked: a token that is masked first.
        chosen: the vocabulary id to follow at every token; the last layer's likeliest where None.
        k: how many ids to keep.
        progress: told the share that is done.

    Raises:
        InputError: an empty text; a model without a vocabulary, with two stacks, or view-only; no such token or id.
        models.errors.OutOfMemoryError: the accelerator has no room for this text.
    """
    vocabulary = checked(model)
    tokens = text_of(model, text, masked)
    if chosen is not None and not 0 <= chosen < vocabulary:
        raise InputError(_("There is no id {number} in this vocabulary of {n}.").format(number=chosen, n=vocabulary))
    room = f"{len(tokens)} tokens"
    with room_on(model.device, room):  # it runs the model on a few tokens
        runner = Runner(model)
    inputs = sites.inputs_for(runner.network, **tokens.inputs(model.device))
    step = max(1, BLOCK_BYTES // (4 * vocabulary))
    blocks = [slice(start, start + step) for start in range(0, len(tokens), step)]
    rows: list[list[dict[str, np.ndarray]]] = []
    with (
        model.lock,
        torch.inference_mode(),
        heap.large_arrays_apart(),
        room_on(model.device, room),
        attention.attending(runner.sites_of, record=False),
    ):
        after = _layers(runner, inputs)
        for block in blocks:
            last = _logits(runner, inputs, after[-1], block).log_softmax(-1)
            last_chances = last.exp()
            follow = last.argmax(-1) if chosen is None else torch.full(last.shape[:1], chosen, device=last.device)
            rows.append([])
            for i, known in enumerate(after):
                found = None  # what was there is given back before the next takes its place
                found = last if known is after[-1] else _logits(runner, inputs, known, block).log_softmax(-1)
                rows[-1].append(_row(found, last, last_chances, follow, k))
                if progress:
                    progress(((len(rows) - 1) * len(after) + i + 1) / (len(blocks) * len(after)))
    made = {name: np.stack([np.concatenate([block[i][name] for block in rows]) for i in range(len(after))]) for name in rows[0][0]}
    words = [[readable(model.tokenizer, of_token) for of_token in layer] for layer in made["ids"].tolist()]
    return Lens(tuple(tokens.labels), words=words, chosen=made.pop("followed")[0], **made)


def _layers(runner: Runner, inputs: Mapping[str, Tensor]) -> list[Passed]:
    """For the embedding and for each layer, a run that ends in its states, as if all later layers had passed them on unchanged."""
    passed, before = Passed(), []
    first = next(module for module in runner.network.modules() if hasattr(module, "wrapped"))
    hook = first.register_forward_pre_hook(lambda _m, args, kwargs: before.append(args[0] if args else kwargs["hidden_states"]), with_kwargs=True)
    try:
        with _only(runner, inputs, slice(0, 1)):  # a vocabulary of logits for each token is what nobody asked for yet
            runner.run(inputs, keep=passed)
    finally:
        hook.remove()
    ends = passed.outputs[-1]
    states = [before[0], *(output[0] if isinstance(output, tuple) else output for output in passed.outputs)]
    return [Passed([*passed.outputs[:-1], (state, *ends[1:]) if isinstance(ends, tuple) else state]) for state in states]


def _logits(runner: Runner, inputs: Mapping[str, Tensor], known: Passed, block: slice) -> Tensor:
    """What the output head makes of known states at some tokens, float32 (tokens, vocabulary)."""
    with _only(runner, inputs, block):
        return runner.resume(len(known.outputs), inputs, known).logits[0].float()


@contextmanager
def _only(runner: Runner, inputs: Mapping[str, Tensor], block: slice) -> Iterator[None]:
    """While it lasts, the output head computes logits of some tokens alone."""
    n = inputs["input_ids"].shape[1]
    runner.selected = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    runner.selected[:, block] = True
    # Some heads (OPT's) go past the base model, where the runner selects: the matrix of the vocabulary itself sees to it then.
    head = runner.network.get_output_embeddings()
    hook = head.register_forward_pre_hook(lambda _module, args: (args[0][:, block], *args[1:]) if args[0].shape[1] == n else None)
    try:
        yield
    finally:
        hook.remove()
        runner.selected = None


def checked(model: Model) -> int:
    """The size of the vocabulary that a model predicts. Raises InputError where there is no lone stack that predicts one."""
    if model.view_only:
        raise InputError(
            _("{name} is opened view-only: its layers cannot be read one by one.").format(name=model.name), _("Choose another model.")
        )
    if model.kind == "encoder-decoder":
        raise InputError(_("{name} has two stacks.").format(name=model.name), _("Choose a decoder or a masked language model."))
    head = model.network.get_output_embeddings()
    if head is None:
        problem = _("{name} predicts no words: it has no output head over a vocabulary.").format(name=model.name)
        raise InputError(problem, _("Choose a decoder or a masked language model."))
    return head.weight.shape[0]


def text_of(model: Model, text: AnyText, masked: int | None) -> Tokens:
    """What the model reads, one of the tokens masked if asked for. Raises InputError where that cannot be."""
    tokens = read(model, text)
    if masked is None:
        return tokens
    if model.tokenizer.mask_token_id is None:
        raise InputError(_("{name} has no mask token.").format(name=model.name))
    if masked not in range(len(tokens)):
        raise InputError(_("There is no token {at}; there are {n}, counted from 0.").format(at=masked, n=len(tokens)))
    return tokens.replaced(masked, model.tokenizer.mask_token_id, model.tokenizer.mask_token)


def _row(found: Tensor, last: Tensor, last_chances: Tensor, follow: Tensor, k: int) -> dict[str, np.ndarray]:
    """Of log-probabilities (tokens, vocabulary) of one layer, those of the last one, and their exponentials."""
    chances, ids = found.topk(min(k, found.shape[-1]), dim=-1)
    chance = found.gather(-1, follow[:, None])
    # In place where it can be: blocks of a vocabulary are what the lens needs memory for.
    entropy = -found.exp().mul_(found).nan_to_num_(0.0).sum(-1)
    divergence = (last - found).mul_(last_chances).sum(-1)
    made = {
        "followed": follow,
        "ids": ids,
        "chances": chances.exp(),
        "chance": chance[:, 0].exp(),
        "rank": (found > chance).sum(-1),
        "entropy": entropy,
        "divergence": divergence,
    }
    return {name: values.cpu().numpy() for name, values in made.items()}
