"""The lines of Python for what the page shows."""

from __future__ import annotations

from explorer import export
from explorer.ui.weights.read import Read


def lines(read: Read, head: tuple[int, int], token: int | None, distance: int = 0, writers: str | None = None) -> str:
    """Lines that read the same weights again; `writers` is the part whose heads write, where it is another one."""
    where = f"{head[0]}, {head[1]}, {read.part!r}"
    composed = "found.composition" if writers in (None, read.part) else f"next(one for one in found.between if one.writers == {writers!r})"
    made = [
        "import models",
        "from explorer.weights.head import named, promoted",
        "from explorer.weights.one import one_head",
        "from explorer.weights.opened import opened",
        "from explorer.weights.survey import survey",
        "",
        export.load_line(read.weights.model),
        f"weights = opened(model{', arriving=True' if read.weights.arriving else ''})",
        f"found = survey(weights, {read.part!r})",
        f"print({composed}.edges(most=10), found.copying)",
        f"one = one_head(weights, {where}{f', distance={distance}' if distance else ''})",
        "print(one.matched, one.moved)",
    ]
    if token is not None:
        made.append(f"print(named(weights, promoted(weights, {token}, {where}).more))")
    return "\n".join(made)
