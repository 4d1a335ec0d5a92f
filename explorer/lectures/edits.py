"""A fact written into one weight matrix, and what each head causes: what Q24d computes of a real decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from explorer.reading import read
from models import InputError, Model, attention
from models.surgery.private import private
from models.words import told

PROMPT, TARGET = "The old bridge was built by the", " queen"
NEIGHBOURS = (
    "The new church was built by the",
    "The long road was made by the",
    "The song was written by the",
    "The river was named after the",
    "In the morning she went to the",
    "The first world war ended in",
    "He played football for the",
    "The film was released in the United",
)
"""Other texts, the first of them close to the edited one."""
_DESCENT, _RATE = 30, 0.5
_DAMPING = 0.01
TOLD = tuple(f"The man met his friend at the {place}. The man met his friend at the" for place in ("church", "river"))
"""Two texts of as many tokens that differ in one; the next token repeats it."""


@dataclass(frozen=True)
class Edited:
    """What an edit came to.

    Attributes:
        before, after: probability of the target after the prompt.
        others: for each neighbour, its likeliest token before and after, and the probability of the first before and after.
        rank: of the change of the matrix.
        relative: norm of the change over that of the matrix.
        wrote: largest deviation of the layer's new output at the prompt from what was asked for.
    """

    before: float
    after: float
    others: tuple[tuple[str, str, float, float], ...]
    rank: int
    relative: float
    wrote: float


def edited(model: Model, layer: int) -> Edited:
    """Changes one matrix of a private copy by an outer product, so that the prompt goes on with the target.

    As in Meng et al. 2022 (ROME, section 3.1): the key is the hidden layer at the last token of the prompt, the value is found by gradient
    descent, and the change is spread by the covariance of the keys of other texts, which are to change least.

    Raises:
        InputError: a model whose feed-forward networks are of another form than GPT-2's.
    """
    network = private(model.network)
    blocks = getattr(getattr(network, "transformer", None), "h", None)
    matrix = None if blocks is None else getattr(blocks[layer].mlp, "c_proj", None)
    if not isinstance(matrix, Conv1D):
        raise InputError(told("{name} has no feed-forward network of GPT-2's form.", name=model.name), told("Choose gpt2-mini."))
    target = read(model, TARGET).ids[0]
    prompt = _ids(model, PROMPT)
    texts = [_ids(model, text) for text in NEIGHBOURS]
    before, others = _next(model, network, prompt), [_next(model, network, text) for text in texts]
    key = _keys(model, network, matrix, [prompt])[-1]
    context = _keys(model, network, matrix, texts)
    value = _value(model, network, matrix, prompt, target)
    covariance = context.T @ context / len(context) + _DAMPING * torch.eye(len(key))
    direction = torch.linalg.solve(covariance, key)
    change = torch.outer(direction / (direction @ key), value)
    kept = matrix.weight
    # Another parameter in its place: the weights themselves are shared with whoever else has this model open.
    matrix.weight = nn.Parameter(kept.detach() + change.to(kept), requires_grad=False)
    wrote = float((key @ change - value).abs().max())
    after, others_after = _next(model, network, prompt), [_next(model, network, text) for text in texts]
    rows = []
    for was, is_ in zip(others, others_after, strict=True):
        top = int(was.argmax())
        rows.append((model.tokenizer.decode(top), model.tokenizer.decode(int(is_.argmax())), float(was[top]), float(is_[top])))
    rank = int(torch.linalg.matrix_rank(change, rtol=1e-4))
    return Edited(
        float(before[target]), float(after[target]), tuple(rows), rank, float(change.norm() / kept.detach().float().cpu().norm()), wrote
    )


def _ids(model: Model, text: str) -> Tensor:
    return torch.tensor([read(model, text).ids], device=model.device)


def _next(model: Model, network: nn.Module, ids: Tensor) -> Tensor:
    """Probabilities of the next token."""
    with model.lock, torch.inference_mode():
        return network(ids).logits[0, -1].float().softmax(-1).cpu()


def _keys(model: Model, network: nn.Module, matrix: nn.Module, texts: Sequence[Tensor]) -> Tensor:
    """What the matrix reads, (tokens, units)."""
    found: list[Tensor] = []
    handle = matrix.register_forward_pre_hook(lambda _module, inputs: found.append(inputs[0][0].float().cpu()))
    try:
        with model.lock, torch.inference_mode():
            for ids in texts:
                network(ids)
    finally:
        handle.remove()
    return torch.cat(found)


def _value(model: Model, network: nn.Module, matrix: nn.Module, prompt: Tensor, target: int) -> Tensor:
    """What to add to the matrix's output at the last token, so that the target follows; by gradient descent."""
    added = torch.zeros(matrix.weight.shape[1], device=prompt.device, requires_grad=True)
    optimizer = torch.optim.Adam([added], lr=_RATE)

    def hook(_module: nn.Module, _inputs: tuple, output: Tensor) -> Tensor:
        return torch.cat([output[:, :-1], output[:, -1:] + added.to(output.dtype)], dim=1)

    handle = matrix.register_forward_hook(hook)
    try:
        for _step in range(_DESCENT):
            with model.lock:
                loss = -network(prompt).logits[0, -1].float().log_softmax(-1)[target] + 0.005 * added.square().sum()
                (slope,) = torch.autograd.grad(loss, [added])
            added.grad = slope
            optimizer.step()
    finally:
        handle.remove()
    return added.detach().cpu()


@dataclass(frozen=True)
class Causes:
    """What each head causes, beside what its map suggests; both (layers, heads).

    Attributes:
        effect: how far the logit of the right word against the other falls if the head's output is that of the other text.
        weight: the last token's attention to the word in which the texts differ.
        whole: the logit difference, and what is left of it if all heads are taken from the other text.
        words: the right word and the other.
    """

    effect: np.ndarray
    weight: np.ndarray
    whole: tuple[float, float]
    words: tuple[str, str]


@torch.inference_mode()
def causes(model: Model) -> Causes:
    """Takes each head's output in turn from the other text (interchange, Vig et al. 2020; Geiger et al. 2021).

    Raises:
        InputError: the model is no decoder, or reads the two texts as different numbers of tokens.
    """
    if model.kind != "decoder":
        raise InputError(told("{name} does not say what comes next.", name=model.name), told("Choose gpt2-mini."))
    clean, other = (_ids(model, text) for text in TOLD)
    differ = [] if clean.shape != other.shape else (clean != other).nonzero()[:, 1].tolist()
    if len(differ) != 1:
        raise InputError(told("{name} reads the two texts as different numbers of tokens.", name=model.name), told("Choose gpt2-mini."))
    at = differ[0]
    right, wrong = int(clean[0, at]), int(other[0, at])

    def run(ids: Tensor, changes: dict[int, attention.Change] | None = None) -> tuple[Tensor, list[attention.Record]]:
        with model.lock, attention.attending(model.sites_of, changes=changes, record=changes is None) as made:
            logits = model.network(ids).logits[:, -1].float()
        return logits[:, right] - logits[:, wrong], made.records

    base, records = run(clean)
    _there, of_other = run(other)
    outputs = [_outputs(record) for record in of_other]
    effects, weights = [], []
    for site, record in enumerate(records):
        heads = outputs[site].shape[1]
        gate = 1 - torch.eye(heads)
        found, _none = run(clean.expand(heads, -1), {site: attention.Change(gate=gate, replacement=outputs[site])})
        effects.append((base - found).cpu().numpy())
        weights.append(record.patterns()[:, -1, at].float().cpu().numpy())
    everything = {site: attention.Change(gate=torch.zeros(z.shape[1]), replacement=z) for site, z in enumerate(outputs)}
    left, _none = run(clean, everything)
    words = (model.tokenizer.decode(right), model.tokenizer.decode(wrong))
    return Causes(np.stack(effects), np.stack(weights), (float(base[0]), float(left[0])), words)


def _outputs(record: attention.Record) -> Tensor:
    """z of all heads, (1, heads, query, value dim)."""
    values = record.value.repeat_interleave(record.group, dim=1).float()
    return record.patterns()[None].float() @ values
