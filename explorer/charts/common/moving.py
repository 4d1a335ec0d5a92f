"""Charts that move: the picture's description is made once, and only its tables change.

Making and checking a chart takes Altair a tenth of a second and more, too long to do it several times a second beside a training that
needs the processor. A description is the chart as a dictionary, with tables that have names and nothing in them.
"""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

Description = Mapping[str, object]
Tables = Mapping[str, pd.DataFrame]
"""By their names in the description."""


def with_tables(description: Description, tables: Tables) -> dict[str, object]:
    """A specification for a page, which sends tables as Arrow."""
    return {**description, "datasets": {**description.get("datasets", {}), **tables}}


def standalone(description: Description, tables: Tables) -> alt.TopLevelMixin:
    """A chart for a file of its own."""
    return alt.Chart.from_dict(with_tables(description, {name: table.to_dict("records") for name, table in tables.items()}))
