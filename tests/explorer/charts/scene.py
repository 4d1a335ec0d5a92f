"""What Vega draws, without a browser: its scene graph, with every mark's place and every text, unrounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import altair as alt
import pandas as pd
import vl_convert

from explorer.charts.common import data, sliders


def drawn(chart: Mapping[str, object], tables: Mapping[str, pd.DataFrame] | None = None, **moved: object) -> dict:
    """The scene of a chart of `sliders.with_inputs`, its inputs moved."""
    made = sliders.Standalone(sliders.moved(chart, **moved), tables or {})
    return vl_convert.vegalite_to_scenegraph(made.to_json())["scenegraph"]


def rendered(make: Callable[[], alt.TopLevelMixin]) -> dict:
    """The scene of any other chart; `make` draws it."""
    with data.standalone():
        return vl_convert.vegalite_to_scenegraph(make().to_json())["scenegraph"]


def marks(scene: Mapping[str, object], kind: str) -> Iterator[list[dict]]:
    """The items of all marks of one kind ("rect", "text"), mark by mark, in the order of drawing; what Vega draws by itself is left out."""
    if scene.get("marktype") == kind and (scene.get("name") or "").endswith("marks"):
        yield scene["items"]
    for item in scene.get("items", ()):
        yield from marks(item, kind)


def readouts(scene: Mapping[str, object]) -> dict[str, float]:
    """All numbers of `sliders.readouts`, with all digits, by their names."""
    described = [item["description"] for items in marks(scene, "text") for item in items if ": " in item.get("description", "")]
    return {name: float(value.replace("−", "-")) for name, value in (text.rsplit(": ", 1) for text in described)}


def uncoloured(chart: object, field: str) -> object:
    """The chart with this field as an opacity without a scale, where it is a colour: colours are rounded in the scene, opacities are not."""
    if isinstance(chart, list):
        return [uncoloured(part, field) for part in chart]
    if not isinstance(chart, dict):
        return chart
    made = {name: uncoloured(part, field) for name, part in chart.items()}
    encoding = made.get("encoding")
    if isinstance(encoding, dict) and encoding.get("color", {}).get("field") == field:
        made["encoding"] = encoding | {"opacity": {"field": field, "type": "quantitative", "scale": None}}
    return made
