"""What a viewer takes away: pictures, tables, arrays, and the lines of Python that make them again."""

from __future__ import annotations

import csv as csv_module
import io
import tempfile
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import torch
import vl_convert

from explorer.capture import Capture, Neurons
from explorer.tiles import Tile
from explorer.views import View
from models import Model
from models.opening.loading import DTYPES

TRAINED_HERE = "trained here: "
"""How the name of a model begins that lives in one session only; no folder and no hub id looks like it."""
MOST_WEIGHTS = 2 * 10**8
"""Weights that a file of all heads holds, at most: 800 MB in memory while it is made."""
LONGEST_LITERAL = 4_000
"""Characters of a text that stands in a program as it is."""
SAVE_FIRST = "in the training lab, Take away, The model; unpack it"


class Drawable(Protocol):
    """What can be drawn into a file: a `Picture`, or a chart of Altair's."""

    def to_json(self, indent: int | None = None) -> str: ...


def picture(make: Callable[[], Drawable], kind: str, scale: float = 2) -> bytes:
    """The chart that `make` returns, as "png" (`scale` times its size in pixels; 2 is for print) or "svg", made without a browser."""
    spec = make().to_json(indent=None)
    if kind == "png":
        return vl_convert.vegalite_to_png(spec, scale=scale)
    if kind == "svg":
        return vl_convert.vegalite_to_svg(spec).encode("utf-8")
    raise ValueError(f"a picture is png or svg, not {kind!r}")


def csv(shown: View) -> bytes:
    """One line per cell: positions, tokens, weight, and whether it is masked. UTF-8 with BOM, for spreadsheets."""
    out = io.StringIO()
    writer = csv_module.writer(out)
    writer.writerow(["query", "key", "from", "to", "weight", "masked"])
    for r, q in enumerate(shown.rows):
        for c, k in enumerate(shown.columns):
            seen = bool(shown.visible[r, c])
            row = [int(q), int(k), cell(shown.row_labels[r]), cell(shown.column_labels[c])]
            writer.writerow([*row, f"{shown.weights[r, c]:.9g}" if seen else "", int(not seen)])
    return out.getvalue().encode("utf-8-sig")


def tile_csv(capture: Capture, part: str, tile: Tile) -> bytes:
    """One line per pixel: positions and tokens (of several, the first and the last), the largest weight, and whether it is masked."""
    sides = []
    for tokens, of, edges in ((capture.queries(part), tile.rows, tile.row_edges), (capture.keys(part), tile.columns, tile.column_edges)):
        ends = [(int(of[a]), int(of[b - 1])) for a, b in pairwise(edges)]
        sides.append([(*pair, " … ".join(cell(tokens.labels[i]) for i in dict.fromkeys(pair))) for pair in ends])
    out = io.StringIO()
    writer = csv_module.writer(out)
    writer.writerow(["query", "last_query", "key", "last_key", "from", "to", "weight", "masked"])
    for r, (query, last_query, source) in enumerate(sides[0]):
        for c, (key, last_key, to) in enumerate(sides[1]):
            seen = bool(tile.seen[r, c])
            writer.writerow([query, last_query, key, last_key, source, to, f"{tile.weights[r, c]:.9g}" if seen else "", int(not seen)])
    return out.getvalue().encode("utf-8-sig")


def neurons_csv(made: Neurons) -> bytes:
    """One line per dimension: query, key and their product."""
    table = pd.DataFrame({"query": made.query, "key": made.key, "product": made.product})
    return table_csv(table, index_label="dimension")


def table_csv(table: pd.DataFrame, **how: object) -> bytes:
    """Any table as CSV, UTF-8 with BOM, for spreadsheets, in which nothing that a text begins with is run; `how` goes to pandas."""

    def safe(value: object) -> object:
        return cell(value) if isinstance(value, str) else value

    return table.map(safe).rename(index=safe, columns=safe).to_csv(**how).encode("utf-8-sig")


def arrays(capture: Capture) -> dict[str, np.ndarray]:
    """All patterns, ready for `numpy.savez`.

    One stack: `tokens` (n,), `ids` (n,), `pattern` float32 (layer, head, query, key).
    Encoder-decoder: `encoder`, `decoder`, `cross` in that shape, with `encoder_tokens`, `decoder_tokens` and their ids;
    `tokens` are those of the encoder.
    """
    lone = len(capture.parts) == 1
    found: dict[str, np.ndarray] = {"tokens": np.array(capture.tokens)}
    for side, tokens in capture.sides.items():
        prefix = "" if lone else f"{side}_"
        found[f"{prefix}tokens"] = np.array(tokens.text)
        found[f"{prefix}ids"] = np.array(tokens.ids)
    for part in capture.parts:
        found["pattern" if lone else part] = _stacked([capture.patterns(site.layer, part) for site in capture.sites(part)])
    return found


def npz(capture: Capture) -> bytes:
    """`arrays` as the bytes of a compressed .npz file."""
    return packed(**arrays(capture))


def packed(**named: np.ndarray) -> bytes:
    """The bytes of a compressed .npz file."""
    out = io.BytesIO()
    np.savez_compressed(out, **named)
    return out.getvalue()


def folder_of(model: str) -> str:
    """What `models.load` and `--model` take for a model by its name here; one trained in a session has none until it is saved."""
    return model.removeprefix(TRAINED_HERE).split(",")[0] if model.startswith(TRAINED_HERE) else model


def load_line(model: Model | str) -> str:
    """The line of Python that opens a model, by its name or as it was opened: half precision gives other numbers."""
    name = model if isinstance(model, str) else model.name
    half = next((dtype for dtype, of in DTYPES.items() if not isinstance(model, str) and of == model.dtype != torch.float32), "")
    how = f", dtype={half!r}" if half else ""
    saved = f"  # the folder: {SAVE_FIRST}" if name.startswith(TRAINED_HERE) else ""
    return f"model = models.load({folder_of(name)!r}{how}){saved}"


def text_read(text: str, name: str = "text") -> str:
    """A text in lines of Python; a chapter would be most of the program, and is read from NAME.txt, which a page offers beside it."""
    return repr(text) if len(text) <= LONGEST_LITERAL else f"open('{name}.txt', encoding='utf-8').read()"


def capture_line(text: str, pair: str = "", target: str = "", max_tokens: int | None = None, name: str = "text") -> str:
    """The line of Python that reads a text as a page does: its second side with it, and cut where it was cut; `name` as in `text_read`."""
    given = [text_read(text, name)]
    given += [f"pair={pair!r}"] if pair else []
    given += [f"target={target!r}"] if target else []
    given += [f"max_tokens={max_tokens}"] if max_tokens else []
    return f"captured = explorer.capture(model, {', '.join(given)})"


def recipe(
    model: Model | str,
    text: str,
    pair: str = "",
    target: str = "",
    *,
    layer: int,
    head: str,
    part: str,
    special: str = "raw",
    pairs: str = "all",
    max_tokens: int | None = None,
) -> str:
    """A Python program that computes the map on the page again and prints it; texts stand in it as literals, whatever they contain.

    Args:
        model: as it was opened, or its name, as `models.load` takes it.
        text, pair, target: what the page reads; "" for no second text, and for a target that is generated.
        layer: counted from 0.
        head: a number, counted from 0, "mean" or "max".
        part: "encoder", "decoder" or "cross".
        special, pairs: what is taken out of the map, see `views.view`.
        max_tokens: where the page cuts the text; None for the model's own limit.

    Returns:
        Lines of Python that need nothing but this project; the map is in their variable `shown`.
    """
    of = {"mean": f"captured.mean({layer}, {part!r})", "max": f"captured.maximum({layer}, {part!r})"}
    lines = [
        "import explorer, models",
        "from explorer.views import view",
        "",
        load_line(model),
        capture_line(text, pair, target, max_tokens),
        f"weights = {of.get(head, f'captured.pattern({layer}, {head}, {part!r})')}  # (query, key)",
        f"visible = captured.visible({layer}, {part!r})",
        f"queries, keys = captured.queries({part!r}), captured.keys({part!r})",
        f"shown = view(weights, visible, queries, keys, special={special!r}, pair={pairs!r})",
        "print(shown.row_labels, shown.column_labels, shown.weights)",
    ]
    return "\n".join(lines)


def _stacked(layers: list[np.ndarray]) -> np.ndarray:
    heads = max(len(layer) for layer in layers)
    padded = [np.pad(x, ((0, heads - len(x)), (0, 0), (0, 0)), constant_values=np.nan) if len(x) < heads else x for x in layers]
    return np.stack(padded).astype(np.float32, copy=False)


def cell(token: str) -> str:
    """A text for a cell of a table."""
    # A spreadsheet would run a cell that starts like a formula, also behind a tab or a line break.
    return "'" + token if len(token) > 1 and token.lstrip("\t\r\n")[:1] in ("=", "+", "-", "@") else token


def zipped(export: Callable[[Path], object]) -> bytes:
    """A folder that `export` writes, as a zip without compression: weights hardly shrink."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "model"
        export(folder)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
    return stream.getvalue()
