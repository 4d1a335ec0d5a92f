"""What Vega draws, without a browser: its scene graph, with every mark's place and every text, unrounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import vl_convert

from explorer.charts.common import sliders
from explorer.charts.common.picture import Picture
from explorer.export import Drawable


def drawn(picture: Picture, **moved: object) -> dict:
    """The scene of a picture with inputs (`sliders.with_inputs`), moved to these values."""
    return vl_convert.vegalite_to_scenegraph(sliders.moved(picture, **moved).to_json())["scenegraph"]


def rendered(make: Callable[[], Drawable]) -> dict:
    """The scene of any other picture; `make` makes it."""
    return vl_convert.vegalite_to_scenegraph(make().to_json())["scenegraph"]


def marks(scene: Mapping[str, object], kind: str) -> Iterator[list[dict]]:
    """The items of all marks of one kind ("rect", "text"), mark by mark, in the order of drawing; what Vega draws by itself is left out."""
    if scene.get("marktype") == kind and (scene.get("name") or "").endswith("marks"):
        yield scene["items"]
    for item in scene.get("items", ()):
        yield from marks(item, kind)


def axis_labels(scene: Mapping[str, object]) -> list[str]:
    """What stands beside the ticks of all axes."""
    own = [item["text"] for item in scene["items"]] if scene.get("role") == "axis-label" else []
    return own + [text for item in scene.get("items", ()) for text in axis_labels(item)]


def readouts(scene: Mapping[str, object]) -> dict[str, float]:
    """All numbers of `sliders.readouts`, with all digits, by their names."""
    described = [item["description"] for items in marks(scene, "text") for item in items if ": " in item.get("description", "")]
    return {name: float(value.replace("−", "-")) for name, value in (text.rsplit(": ", 1) for text in described)}


def names_lie_on_nothing(named: list[dict], points: list[dict], letters: int) -> None:
    """No name lies on another one or on a point; digits are as wide as in the browser."""
    middles = np.array([[item["x"] + item.get("dx", 0), item["y"] + item.get("dy", 0)] for item in named])
    halves = np.array([[0.56 * letters * len(item["text"]) / 2, letters / 2] for item in named])
    for i, (middle, half) in enumerate(zip(middles, halves, strict=True)):
        apart = np.abs(np.delete(middles, i, axis=0) - middle) >= np.delete(halves, i, axis=0) + half - 1e-6
        assert apart.any(1).all()
    lying = np.array([[item["x"], item["y"]] for item in points])
    nearest = np.clip(lying[None], (middles - halves)[:, None], (middles + halves)[:, None])
    assert np.linalg.norm(lying - nearest, axis=-1).min() >= 7


def uncoloured(picture: Picture, field: str) -> Picture:
    """The picture with this field as an opacity without a scale, where it is a colour: colours are rounded in the scene, opacities are not."""
    return replace(picture, description=_uncoloured(picture.description, field))


def _uncoloured(chart: object, field: str) -> object:
    if isinstance(chart, list):
        return [_uncoloured(part, field) for part in chart]
    if not isinstance(chart, Mapping):
        return chart
    made = {name: _uncoloured(part, field) for name, part in chart.items()}
    encoding = made.get("encoding")
    if isinstance(encoding, dict) and encoding.get("color", {}).get("field") == field:
        made["encoding"] = encoding | {"opacity": {"field": field, "type": "quantitative", "scale": None}}
    return made
