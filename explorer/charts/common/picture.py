"""A picture is a description and what fills it.

Making and checking a chart takes Altair a tenth of a second, ten times as long as a small model needs for a sentence. So Altair speaks
once per structure: `described` keeps what it made by whatever changes the structure (number of rows, theme, kind of scale). What comes
with each run are tables, which have names in the description and nothing in them, and the values of parameters.

A chart function returns a `Picture`, the same for a page (`spec`, whose tables travel as Arrow) and for a file (`to_json`, tables inside).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import ParamSpec

import altair as alt
import pandas as pd

from explorer.charts.common.spoken import sentences
from explorer.i18n import language

Description = Mapping[str, object]
"""A specification of Vega-Lite whose tables are named and empty."""
Arguments = ParamSpec("Arguments")
NOTHING = object()
"""The value of a selection that begins with nothing selected."""
_KEPT = 48


def described(make: Callable[Arguments, alt.TopLevelMixin | Description]) -> Callable[Arguments, Description]:
    """A function that makes a chart, as one that makes its description, once for the same arguments in the same language.

    The arguments are what changes the structure; they are hashed. What is a description already, such as a chart with inputs
    (`explorer.charts.common.sliders.with_inputs`), is kept as it is. `afresh` of the returned function makes the description without
    the cache, for tests.
    """

    @lru_cache(maxsize=_KEPT)
    def kept(_language: str, args: tuple, kwargs: tuple) -> Description:
        return _as_description(make(*args, **dict(kwargs)))

    @wraps(make)
    def description(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Description:
        return kept(language(), args, tuple(kwargs.items()))

    description.afresh = lambda *args, **kwargs: _as_description(make(*args, **kwargs))
    return description


def _as_description(made: alt.TopLevelMixin | Description) -> Description:
    return made if isinstance(made, Mapping) else made.to_dict()


@dataclass(frozen=True, eq=False)
class Picture:
    """A description, filled.

    Attributes:
        description: what Altair made of the structure.
        tables: by their names in the description.
        values: of parameters and of what selections begin with, by name; `NOTHING` for an empty selection.
        aloud: what stands out, in a sentence for those who hear of the picture (`spoken`); nothing that changes where only tables do.

    Raises:
        KeyError: a value for a parameter that the description does not have, when it is drawn.
    """

    description: Description
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    aloud: str = ""

    def spec(self) -> dict[str, object]:
        """A specification for a page, which sends tables as Arrow."""
        return self._with(self.tables)

    def to_json(self, indent: int | None = None) -> str:
        """The specification for a file of its own, tables inside; Vega-Lite reads it, and `explorer.export.picture` draws it."""
        return json.dumps(self._with({name: rows(table) for name, table in self.tables.items()}), indent=indent)

    def _with(self, tables: Mapping[str, object]) -> dict[str, object]:
        missing = set(self.values)
        made = _filled(self.description, self.values, missing)
        if missing:
            raise KeyError(f"no parameter {sorted(missing)} in this description")
        made["description"] = sentences(self.description, self.aloud)
        return {**made, "datasets": {**made.get("datasets", {}), **tables}}


def rows(table: pd.DataFrame, orient: str = "records") -> list | dict:
    """A table as JSON has it."""
    # Through pandas' own writer: it writes null where there is no number, and every digit of the rest.
    return json.loads(table.to_json(orient=orient, double_precision=15))


def _filled(node: Mapping[str, object], values: Mapping[str, object], missing: set[str]) -> dict[str, object]:
    """A copy in which parameters have these values; what has none of them is shared with the original."""
    made = dict(node)
    if "params" in node:
        made["params"] = [_valued(param, values, missing) for param in node["params"]]
    for several in ("layer", "vconcat", "hconcat", "concat"):
        if several in node:
            made[several] = [_filled(part, values, missing) for part in node[several]]
    return made


def _valued(param: Mapping[str, object], values: Mapping[str, object], missing: set[str]) -> Mapping[str, object]:
    name = param["name"]
    if name not in values:
        return param
    missing.discard(name)
    if values[name] is NOTHING:
        return {key: value for key, value in param.items() if key != "value"}
    return {**param, "value": values[name]}
