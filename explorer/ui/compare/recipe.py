"""The comparison on the page as lines of Python."""

from __future__ import annotations

from explorer import export
from explorer.ui.common.session import FIRST_TOKENS
from explorer.ui.common.sidebar import Chosen
from models import Model

RANDOM_LINES = ("from explorer.scores import null", "other = explorer.capture(null.random_weights(model), one)")


def text_lines(model: str, text: str, pair: str, target: str, file: str = "other") -> tuple[str, ...]:
    """What reads a text as the second side, by the model in that variable; `file` as in `export.text_read`."""
    return (_read("other", model, text, pair, target, file),)


def model_lines(model: Model, text: str, pair: str, target: str) -> tuple[str, ...]:
    """What opens a second model and reads the text with it."""
    return (export.load_line(model).replace("model =", "second =", 1), *text_lines("second", text, pair, target, "text"))


def pruned_lines(message: str) -> tuple[str, ...]:
    """What reads the text without some heads."""
    return (
        "from explorer.ablation import heads",
        f"removed = heads.parse(model, {message!r})",
        "other = explorer.capture(model, one, changes=heads.changes(model, removed))",
    )


def whole(chosen: Chosen, lines: tuple[str, ...], parts: tuple[str, str], head: tuple[int, int]) -> str:
    """The comparison: which heads changed, and how one of them did.

    Args:
        chosen: the first side.
        lines: that make the second one.
        parts: of each side.
        head: layer and head.
    """
    (one, other), (layer, number) = parts, head
    return "\n".join(
        [
            "import explorer, models",
            "from explorer.compare import comparison",
            "",
            export.load_line(chosen.model),
            _read("one", "model", chosen.text, chosen.pair, chosen.target),
            *lines,
            f"changed = comparison.changes(one, other, {one!r}, {other!r})",
            f"rows = comparison.align(one.queries({one!r}), other.queries({other!r}))",
            f"columns = comparison.align(one.keys({one!r}), other.keys({other!r}))",
            f"maps = one.pattern({layer}, {number}, {one!r}), other.pattern({layer}, {number}, {other!r})",
            "print(changed.ranked, changed.total, changed.divergence)",
            "print(comparison.difference(*maps, rows, columns))",
        ]
    )


def _read(name: str, model: str, text: str, pair: str, target: str, file: str = "text") -> str:
    line = export.capture_line(text, pair, target, FIRST_TOKENS, file)
    return line.replace("captured = explorer.capture(model,", f"{name} = explorer.capture({model},", 1)
