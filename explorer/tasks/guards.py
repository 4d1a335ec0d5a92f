"""What a task meets on an accelerator: a full one, and a model that is moved to another device while it is scored."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from models.errors import MovedError


def when_full(function: Callable) -> Callable:
    """Makes a full accelerator an error in a viewer's words, wherever it is met in a function whose first argument is a task or has one."""

    @wraps(function)
    def wrapped(first: object, *args: object, **kwargs: object) -> object:
        with getattr(first, "task", first).room_on_device():
            return function(first, *args, **kwargs)

    return wrapped


def again_where_moved(function: Callable) -> Callable:
    """Does anew what was under way when the model was moved to another device; what keeps parts of its work goes on with them."""

    @wraps(function)
    def wrapped(*args: object, **kwargs: object) -> object:
        while True:
            try:
                return function(*args, **kwargs)
            except MovedError:
                continue

    return wrapped
