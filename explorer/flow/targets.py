"""What a text is read for: one number that the model gives, and at which tokens of the last layer it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from explorer.i18n import _
from explorer.reading import AnyText, Tokens, inputs, read
from explorer.tasks.classify import head_of, labels_texts, says_several
from explorer.tokens import readable
from models import InputError, Model
from models.opening import last_token, sites
from models.opening.devices import room_on
from models.sentiment import LinearClassifier
from models.words import told

KINDS = ("class", "masked", "next", "vector")
"""What there is to predict: a class of the text, a masked word, the next word, or where the vector of the text points."""


@dataclass(frozen=True, eq=False)
class Target:
    """A number that a model gives for a text.

    Attributes:
        kind: of `KINDS`.
        tokens: the text as the model reads it; the masked word is masked.
        free: numbers of the tokens that frame nothing and are not the masked one: those that can be left out.
        rows: tokens of the last layer that the number is read from.
        number: the class or the vocabulary id; -1 for a vector.
        name: of the class or the token.
        value: its logit; 1 for a vector, whose number is the cosine with the vector of the whole text.
        chance: its probability; 1 for a vector.
        best: the likeliest alternatives, as (number, name, probability), likeliest first; empty for a vector.
        several: whether several classes may hold at once, so that each has a probability of its own.
    """

    kind: str
    tokens: Tokens
    free: tuple[int, ...]
    rows: tuple[int, ...]
    number: int
    name: str
    value: float = 1.0
    chance: float = 1.0
    best: tuple[tuple[int, str, float], ...] = ()
    several: bool = False
    _classifier: LinearClassifier | None = field(default=None, repr=False)
    _whole: Tensor | None = field(default=None, repr=False)

    @property
    def ids(self) -> Tensor:
        """The text as ids, (n,) int64 on the CPU."""
        return torch.tensor(self.tokens.ids)

    @property
    def labels(self) -> tuple[str, ...]:
        """Readable tokens."""
        return tuple(self.tokens.labels)

    def values(self, network: nn.Module, ids: Tensor) -> tuple[Tensor, Tensor]:
        """The number of several texts of this length, as logit and as probability.

        For a vector: the mean of its states along the vector of the whole text, and the cosine of the two. (The cosine is largest at the
        whole text itself, so that its gradient vanishes there.)

        Args:
            network: the model's, or a private copy of it.
            ids: (batch, n); each token belongs to the segment that its place has in the target's own text.

        Returns:
            float32 (batch,) each; gradients flow.
        """
        output = _run(network, ids, self.tokens, self.kind)
        if self.kind == "vector":
            mean = _mean(output[0])
            along = mean @ self._whole.to(mean.device)
            return along, along / mean.norm(dim=-1)
        logits = _logits(network, output, self.kind, self.rows, self._classifier)
        return logits[:, self.number], _chances(logits, self.several)[:, self.number]


def kinds(model: Model) -> tuple[str, ...]:
    """What this model can be asked for, of `KINDS`. Raises InputError for an encoder-decoder, and for a view-only model."""
    if model.view_only:
        raise InputError(_("{name} is opened view-only: it gives weights, but nothing to trace.").format(name=model.name))
    if model.kind == "encoder-decoder":
        raise InputError(_("{name} has three kinds of attention; only a lone stack is traced.").format(name=model.name), _("Choose one."))
    words = model.network.get_output_embeddings() is not None
    found = []
    try:
        head_of(model)
        found.append("class")
    except InputError:
        pass
    if words and model.kind == "encoder" and model.tokenizer.mask_token_id is not None:
        found.append("masked")
    if words and model.kind == "decoder":
        found.append("next")
    return (*found, "vector")


def make(model: Model, text: AnyText, kind: str | None = None, *, at: int | None = None, number: int | None = None) -> Target:
    """The target of a text.

    Args:
        model: an encoder or a decoder.
        text: the text; or ids, or a capture, whose tokens are read as they are.
        kind: of `kinds(model)`; the first of them where None.
        at: for a masked word, the token that is masked (`to_mask` where None); for the next word, the token after which it comes (the last
            one where None).
        number: class or vocabulary id; what the model holds likeliest where None.

    Raises:
        InputError: an empty text, a kind that the model does not have, a token that is not there.
    """
    possible = kinds(model)
    kind = kind or possible[0]
    if kind not in possible:
        raise InputError(_("{name} cannot be asked for that: {kind}.").format(name=model.name, kind=kind), ", ".join(possible))
    tokens = read(model, text)
    n, free = len(tokens), tokens.free
    if not free:
        raise InputError(_("This text has no tokens of its own."), _("Type a sentence, or choose an example."))
    if at is not None and at not in range(n):
        raise InputError(_("There is no token {at}; there are {n}, counted from 0.").format(at=at, n=n))
    rows = _rows(model, kind, to_mask(model, tokens) if kind == "masked" and at is None else at, tokens.ids)
    if kind == "masked":
        tokens = tokens.replaced(rows[0], model.tokenizer.mask_token_id, model.tokenizer.mask_token)
    free = [i for i in free if not (kind == "masked" and i == rows[0]) and not (kind == "next" and i > rows[0])]
    how = {"kind": kind, "tokens": tokens, "free": tuple(free), "rows": rows, "several": kind == "class" and says_several(model)}
    # Not inference_mode: the vector takes part in a backward pass.
    with model.lock, torch.no_grad(), room_on(model.device, told("{n} tokens", n=n)):
        output = _run(model.network, torch.tensor([tokens.ids], device=model.device), tokens, kind)
        if kind == "vector":
            return Target(**how, number=-1, name="vector of the text", _whole=functional.normalize(_mean(output[0])[0], dim=0).cpu())
        classifier, names = head_of(model) if kind == "class" else (None, None)
        logits = _logits(model.network, output, kind, rows, classifier)[0]
    chances = _chances(logits, how["several"])
    number = int(logits.argmax()) if number is None else number
    if not 0 <= number < len(logits):
        raise InputError(_("There is no class or token {number}.").format(number=number))
    likeliest = chances.topk(min(10, len(logits))).indices.tolist()
    name = (lambda i: names[i]) if names else (lambda i: readable(model.tokenizer, [i])[0])
    best = tuple((i, name(i), float(chances[i])) for i in likeliest)
    return Target(
        **how, number=number, name=name(number), value=float(logits[number]), chance=float(chances[number]), best=best, _classifier=classifier
    )


def to_mask(model: Model, tokens: Tokens) -> int:
    """The token that is masked where nobody names one: the first that its writer has masked, else the last of the text's own."""
    mask = model.tokenizer.mask_token_id
    return next((i for i in tokens.free if tokens.ids[i] == mask), tokens.free[-1])


def _rows(model: Model, kind: str, at: int | None, ids: Sequence[int]) -> tuple[int, ...]:
    n = len(ids)
    if kind in ("masked", "next"):
        return (n - 1 if at is None else at,)
    if kind == "vector":
        return tuple(range(n))
    if labels_texts(model):
        if model.kind == "decoder":
            return (last_token.row(model.network, ids),)
        pooled = getattr(model.network.config, "classifier_pooling", "cls") == "mean"  # ModernBERT
        return tuple(range(n)) if pooled else (0,)
    return tuple(range(1, n - 1)) or (0,)


def _run(network: nn.Module, ids: Tensor, tokens: Tokens, kind: str) -> object:
    # A decoder's classes are read at a row that is told, not looked for: a stand-in may be what it takes for padding.
    runs = network.base_model if kind == "vector" or (kind == "class" and last_token.reads_last(network)) else network
    return runs(**sites.inputs_for(network, **inputs(ids, tokens.types, ids.device)))


def _logits(network: nn.Module, output: object, kind: str, rows: tuple[int, ...], classifier: LinearClassifier | None) -> Tensor:
    """float32 (batch, classes or vocabulary)."""
    if kind != "class":
        return output.logits[:, rows[0]].float()
    if last_token.reads_last(network):
        return network.score(output[0][:, rows[0]]).float()
    if classifier is None:
        return output.logits.float()
    hidden = output.last_hidden_state.float()
    return classifier.logits(hidden, torch.ones(hidden.shape[:2], device=hidden.device))


def _chances(logits: Tensor, several: bool) -> Tensor:
    """Probabilities over the last axis: of one of all; or, where several may hold, of each for itself."""
    return logits.sigmoid() if several else logits.softmax(-1)


def _mean(hidden: Tensor) -> Tensor:
    """Mean of the last states, float32 (batch, width): at length 1 the vector of a text (Reimers & Gurevych 2019)."""
    return hidden.float().mean(dim=1)
