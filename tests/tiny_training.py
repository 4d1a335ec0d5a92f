"""A training so small that a step takes a millisecond."""

from models.toy.tasks import make
from models.training.settings import Settings
from models.training.toy import Training, configure


def training(steps: int = 6, seed: int = 0, task: str = "copying", learning_rate: float = 3e-3, **switches: object) -> Training:
    made = make(task, {"length": 6} if task == "copying" else {})
    small = {"layers": 2, "heads": 2, "d_model": 8, "ffn": 1.0}
    return Training(made, configure(made, **small | switches), Settings(steps=steps, batch=4, warm_up=0, seed=seed, learning_rate=learning_rate))
