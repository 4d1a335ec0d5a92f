"""What of a norm is a matrix: its gain and its centring fold into the weights behind it; the division by a token's own length does not."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.i18n import _
from models import InputError

_EPS = ("eps", "variance_epsilon")


@dataclass(frozen=True, eq=False)
class Norm:
    """A norm that stands before a projection: x to gain * unit(x) + shift.

    Attributes:
        gain: (width,), or None for one of ones.
        shift: (width,), or None.
        centred: the mean of each token's numbers is taken away first (LayerNorm; RMSNorm does not).
        eps: as in its denominator.
    """

    gain: Tensor | None
    shift: Tensor | None
    centred: bool
    eps: float

    def unit(self, x: Tensor) -> Tensor:
        """Rows (.., width) of a length of their own, before gain and shift."""
        if self.centred:
            x = x - x.mean(-1, keepdim=True)
        return x * (x.square().mean(-1, keepdim=True) + self.eps).rsqrt()

    def folded(self, weight: Tensor) -> Tensor:
        """The matrix (width, n) with gain and centring in it: unit(x) @ folded is what the projection makes of the normed token, without the
        shift; and x @ folded the same times the token's length, whatever its mean."""
        weight = weight if self.gain is None else self.gain[:, None] * weight
        return weight - weight.mean(0) if self.centred else weight

    def constant(self, weight: Tensor) -> Tensor:
        """What the shift gives through a matrix (width, n), whatever the token, (n,)."""
        return weight.new_zeros(weight.shape[1]) if self.shift is None else self.shift @ weight

    @property
    def kind(self) -> tuple[bool, float]:
        """Norms of one kind make the same `unit` of a token."""
        return self.centred, self.eps


def unit(norm: Norm | None, x: Tensor) -> Tensor:
    """`Norm.unit` of rows (.., width), which stay as they are where no norm stands before."""
    return x if norm is None else norm.unit(x)


def norm_of(module: nn.Module, name: str) -> Norm:
    """What a norm of a network does, found by its weights and believed because it gives what the module gives.

    Args:
        module: a LayerNorm or an RMSNorm of any family.
        name: of the model, for the error.

    Raises:
        InputError: it computes something else.
    """
    weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
    eps = next((float(getattr(module, name)) for name in _EPS if getattr(module, name, None) is not None), 0.0)
    gain, shift = (None if one is None else one.detach().float() for one in (weight, bias))
    device = "cpu" if gain is None else gain.device
    width = len(gain) if gain is not None else int(module.normalized_shape[0])
    x = torch.randn(3, width, generator=torch.Generator().manual_seed(0)).to(device) + 0.5
    with torch.no_grad():
        own = module(x.to(gain.dtype if weight is None else weight.dtype)).float()
    for centred in (isinstance(module, nn.LayerNorm), not isinstance(module, nn.LayerNorm)):
        found = Norm(gain, shift, centred, eps)
        made = found.unit(x) * (1 if gain is None else gain) + (0 if shift is None else shift)
        if torch.allclose(made, own, rtol=2e-2, atol=2e-2 * float(own.abs().max())):
            return found
    raise InputError(_("{name} normalises in a way that is not known here.").format(name=name), _("Choose another model."))
