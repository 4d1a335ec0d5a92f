"""The logit lens (nostalgebraist 2020): the states after each layer, read by the model's own output head.

Whatever comes after the last layer (a final norm, the transform of a masked language model, the unembedding) is computed anew by the
model's own code, on the states of an earlier layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.i18n import _
from explorer.positions import reading
from explorer.tokens import readable
from models import InputError, Model, attention
from models.opening import sites
from models.opening.loading import room_on
from models.surgery.resume import Passed, Runner


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
    text: str,
    *,
    masked: int | None = None,
    chosen: int | None = None,
    k: int = 5,
    progress: Callable[[float], None] | None = None,
) -> Lens:
    """Reads every layer of a decoder or of a masked language model.

    Args:
        model: one with a vocabulary to predict.
        text: the text.
        masked: a token that is masked first.
        chosen: the vocabulary id to follow at every token; the last layer's likeliest where None.
        k: how many ids to keep.
        progress: told the share that is done.

    Raises:
        InputError: an empty text; a model without a vocabulary, with two stacks, or view-only; no such token or id.
        models.errors.OutOfMemoryError: the accelerator has no room for this text.
    """
    vocabulary = checked(model)
    ids, labels = text_of(model, text, masked)
    if chosen is not None and not 0 <= chosen < vocabulary:
        raise InputError(_("There is no id {number} in this vocabulary of {n}.").format(number=chosen, n=vocabulary))
    with room_on(model.device, f"{len(ids)} tokens"):  # it runs the model on a few tokens
        runner, passed = Runner(model), Passed()
    inputs = sites.inputs_for(runner.network, input_ids=ids[None].to(model.device), attention_mask=torch.ones_like(ids)[None].to(model.device))
    before: list[Tensor] = []
    first = next(module for module in runner.network.modules() if hasattr(module, "wrapped"))
    hook = first.register_forward_pre_hook(lambda _m, args, kwargs: before.append(args[0] if args else kwargs["hidden_states"]), with_kwargs=True)
    rows = []
    with model.lock, torch.inference_mode(), room_on(model.device, f"{len(ids)} tokens"), attention.attending(runner.sites_of, record=False):
        last = runner.run(inputs, keep=passed).logits[0].float().log_softmax(-1)
        hook.remove()
        ends = passed.outputs[-1]
        states = [before[0], *(output[0] if isinstance(output, tuple) else output for output in passed.outputs)]
        follow = last.argmax(-1) if chosen is None else torch.full_like(ids, chosen).to(last.device)
        for i, state in enumerate(states):
            known = Passed([*passed.outputs[:-1], (state, *ends[1:]) if isinstance(ends, tuple) else state])
            found = runner.resume(len(known.outputs), inputs, known).logits[0].float().log_softmax(-1)
            rows.append(_row(found, last, follow, k))
            if progress:
                progress((i + 1) / len(states))
    made = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    words = [[readable(model.tokenizer, of_token) for of_token in layer] for layer in made["ids"].tolist()]
    return Lens(labels, words=words, chosen=follow.cpu().numpy(), **made)


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


def text_of(model: Model, text: str, masked: int | None) -> tuple[Tensor, tuple[str, ...]]:
    """Ids (n,) and readable tokens, one of them masked if asked for. Raises InputError where that cannot be."""
    read = reading.read(model, text)
    ids, labels = read.ids.clone(), list(read.labels)
    if masked is not None:
        if model.tokenizer.mask_token_id is None:
            raise InputError(_("{name} has no mask token.").format(name=model.name))
        if masked not in range(len(ids)):
            raise InputError(_("There is no token {at}; there are {n}, counted from 0.").format(at=masked, n=len(ids)))
        ids[masked], labels[masked] = model.tokenizer.mask_token_id, model.tokenizer.mask_token
    return ids, tuple(labels)


def _row(found: Tensor, last: Tensor, follow: Tensor, k: int) -> dict[str, np.ndarray]:
    """Of log-probabilities (n, vocabulary)."""
    chances, ids = found.topk(min(k, found.shape[-1]), dim=-1)
    chance = found.gather(-1, follow[:, None])
    made = {
        "ids": ids,
        "chances": chances.exp(),
        "chance": chance[:, 0].exp(),
        "rank": (found > chance).sum(-1),
        "entropy": torch.special.entr(found.exp()).sum(-1),
        "divergence": (last.exp() * (last - found)).sum(-1),
    }
    return {name: values.cpu().numpy() for name, values in made.items()}
