"""BertViz without a network: its own HTML, with d3 and jQuery from installed packages in the place of a CDN.

BertViz (Vig 2019) asks for require.js, d3 5.7.0 and jQuery. mpld3 ships that d3, sphinxcontrib-jquery ships jQuery, and all
that BertViz uses of require.js is one call.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from explorer.charts.common import palette
from explorer.i18n import _

MAX_CELLS = 600_000
"""Weights that a frame may hold: about 4 MB of HTML. Six layers of twelve heads fit up to some 90 tokens."""

_SHIM = "window.requirejs=function(names,run){run.apply(null,names.map(function(n){return n==='d3'?d3:jQuery}))};"
_HIDDEN = {"<": "\ue000", ">": "\ue001", "&": "\ue002"}
_ESCAPED = {"\\ue000": "\\u003c", "\\ue001": "\\u003e", "\\ue002": "\\u0026"}


_CATEGORY10 = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")
_STRONG = {colour: palette.on_white(colour) for colour in _CATEGORY10}

MODEL_LINES = 150_000
"""Lines that the model view may draw at once; a browser needs some seconds for them."""


def layers_that_fit(n_queries: int, n_keys: int, heads: int, layers: Sequence[int], first: int, cells: int = MAX_CELLS) -> list[int]:
    """As many layers as `cells` weights bear, at least one; where not all fit, those around `first`."""
    room = max(1, cells // max(1, n_queries * n_keys * heads))
    nearest = sorted(layers, key=lambda layer: (abs(layer - first), layer))[:room]
    return sorted(nearest)


def head_view_html(
    attention: Mapping[int, np.ndarray],
    query_tokens: Sequence[str],
    key_tokens: Sequence[str] | None = None,
    *,
    layer: int,
    heads: Sequence[int] | None = None,
    dark: bool = False,
    contrast: bool = False,
) -> str:
    """BertViz' head view as one HTML document that asks nothing of a network.

    Args:
        attention: float (heads, query, key) by number of layer.
        query_tokens, key_tokens: tokens; without key_tokens the text attends to itself.
        layer: the layer shown first. heads: the heads switched on at first, all where None.
        contrast: of a light page for a weak projector.

    Raises:
        ValueError: no layers, a map that does not fit the tokens, or weights that are not numbers.
    """
    from bertviz import head_view  # imports IPython, so only when someone looks

    options = {"layer": layer, "heads": list(heads) if heads else None}
    return _document(head_view, attention, query_tokens, key_tokens, dark, contrast, options)


def model_view_html(
    attention: Mapping[int, np.ndarray],
    query_tokens: Sequence[str],
    key_tokens: Sequence[str] | None = None,
    *,
    dark: bool = False,
    contrast: bool = False,
) -> str:
    """BertViz' model view as one HTML document; arguments and errors as in `head_view_html`."""
    from bertviz import model_view

    return _document(model_view, attention, query_tokens, key_tokens, dark, contrast, {"display_mode": "dark" if dark else "light"})


def _document(
    render: Callable[..., object],
    attention: Mapping[int, np.ndarray],
    query_tokens: Sequence[str],
    key_tokens: Sequence[str] | None,
    dark: bool,
    contrast: bool,
    options: dict,
) -> str:
    import torch

    if not attention:
        raise ValueError("BertViz needs at least one layer")
    keys = query_tokens if key_tokens is None else key_tokens
    for layer, weights in attention.items():
        if weights.ndim != 3 or weights.shape[1:] != (len(query_tokens), len(keys)):
            raise ValueError(f"layer {layer}: weights of {weights.shape} do not fit {len(query_tokens)} x {len(keys)} tokens")
        if not np.isfinite(weights).all():
            raise ValueError(f"layer {layer}: some weights are not numbers")
    # Rounded as float64, a weight is six characters of JSON instead of twenty.
    rounded = {n: torch.from_numpy(np.asarray(w, dtype=np.float64).round(4))[None] for n, w in attention.items()}
    layers = sorted(rounded)
    # BertViz picks by position; places of layers that are not shown hold another one, which it never reads.
    listed = [rounded.get(n, rounded[layers[0]]) for n in range(layers[-1] + 1)]
    shared = {"include_layers": layers, "prettify_tokens": False, "html_action": "return"}
    if key_tokens is None:
        made = render(attention=listed, tokens=_guarded(query_tokens), **shared, **options)
    else:
        sides = {"encoder_tokens": _guarded(keys), "decoder_tokens": _guarded(query_tokens)}
        made = render(cross_attention=listed, **sides, **shared, **options)
    return _offline(made.data, dark, contrast)


def _guarded(tokens: Sequence[str]) -> list[str]:
    # BertViz writes tokens into a script; what could end the script travels as private characters until it is JSON.
    table = str.maketrans(_HIDDEN)
    return [token.translate(table) or " " for token in tokens]


def _offline(html: str, dark: bool, contrast: bool) -> str:
    html = re.sub(r'<script src="https?://[^"]*"></script>', "", html)
    html = re.sub(r"require\.config\(\{.*?\}\s*\);", "", html, count=1, flags=re.DOTALL)
    # The template marker stands in a comment too, where BertViz writes all numbers a second time.
    html = re.sub(r"; // HACK: .*", ";", html, count=1)
    # The three words that it writes itself.
    for written, word in (
        ("Layer: <select", f"{_('Layer')}: <select"),
        ('.text("Heads")', f".text({json.dumps(_('Heads'))})"),
        ('.text("Layers")', f".text({json.dumps(_('Layers'))})"),
    ):
        html = html.replace(written, word)
    # Its dark view is black, which the page is not.
    html = html.replace("'background': 'black'", f"'background': '{palette.page(dark)[0]}'")
    for private, escape in _ESCAPED.items():
        html = html.replace(private, escape)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><style>{_style(dark, contrast)}</style>'
        f"<script>{_assets()}{_SHIM}{_strong_colours() if contrast else ''}</script></head><body>{html}</body></html>"
    )


def _style(dark: bool, contrast: bool) -> str:
    back, text = palette.page(dark)
    text = palette.strong(text) if contrast else text
    # On a stage the page is 1.75 times as large: 14 pixels are the least that is read there.
    rules = [
        f"body{{margin:4px;background:{back};color:{text};overflow:auto}}",
        f"select{{color:{text};background:{back};font-size:15px;border:{2 if contrast else 1}px solid}}",
        '#vis svg text[font-size="13px"]{font-size:14px}',
        f"#vis svg text{{fill:{text}}}",
    ]
    if contrast:
        rules.append("#vis svg line{stroke-width:3px}")
    return "".join(rules)


def _strong_colours() -> str:
    """BertViz takes d3's ten colours for heads and layers; here each of them is as dark as letters have to be."""
    return "d3.schemeCategory10=d3.schemeCategory10.map(function(c){return " + json.dumps(_STRONG) + "[c]||c});"


@cache
def _assets() -> str:
    return "\n".join(_read(package, file) for package, file in [("mpld3", "js/d3.v5.min.js"), ("sphinxcontrib.jquery", "jquery.js")])


def _read(package: str, file: str) -> str:
    # Located, not imported: mpld3 would bring matplotlib along.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the package {package} is not installed; run `make run`, which installs it")
    return (Path(spec.submodule_search_locations[0]) / file).read_text(encoding="utf-8").replace("</script", "<\\/script")
