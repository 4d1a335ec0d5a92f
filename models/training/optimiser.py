"""The optimisers of all trainings here, and their state as tensors that have names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor, optim


def adamw(weights: Iterable[Tensor], rate: float, decay: float, betas: tuple[float, float]) -> optim.Optimizer:
    """AdamW (Loshchilov and Hutter 2019) that decays matrices and embeddings; biases and norms have no decay."""
    weights = list(weights)
    groups = [
        {"params": [w for w in weights if w.dim() >= 2], "weight_decay": decay},
        {"params": [w for w in weights if w.dim() < 2], "weight_decay": 0.0},
    ]
    return optim.AdamW([group for group in groups if group["params"]], lr=rate, betas=betas, fused=True)


def muon(weights: Iterable[Tensor], rate: float, decay: float) -> optim.Optimizer:
    """Muon (Jordan et al. 2024) for the matrices within the layers, with steps as large as AdamW's would be (Liu et al. 2025, 2.2)."""
    return optim.Muon(weights, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")


def moments(optimiser: optim.Optimizer) -> dict[str, Tensor]:
    """What it remembers of each weight, under names such as "3/exp_avg"."""
    return {f"{number}/{name}": value for number, parts in optimiser.state_dict()["state"].items() for name, value in parts.items()}


def put_moments(optimiser: optim.Optimizer, named: Mapping[str, Tensor]) -> None:
    """Puts back what `moments` gave; the tensors are copied."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in named.items():
        number, name = key.split("/")
        state.setdefault(int(number), {})[name] = value.clone()
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
