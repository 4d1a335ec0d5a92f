"""Pictures of the course: few kinds, read from the last row of a hall.

- `frame`: how large they are, their letters, their titles
- `lines`: values over something, a line for each series
- `bars`: a bar for each of a few names; in groups, or stacked
- `columns`: a histogram of one or more draws
- `grid`: a table of numbers as coloured cells, written out where there is room
- `points`: points in a plane, with names
- `maps`: the maps of several heads side by side
"""

from explorer.charts.lectures.bars import bars
from explorer.charts.lectures.columns import columns
from explorer.charts.lectures.frame import SIZES
from explorer.charts.lectures.grid import grid
from explorer.charts.lectures.lines import lines
from explorer.charts.lectures.maps import maps
from explorer.charts.lectures.points import points

__all__ = ["SIZES", "bars", "columns", "grid", "lines", "maps", "points"]
