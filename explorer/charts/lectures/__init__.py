"""Pictures of the course: few kinds, read from the last row of a hall.

- `frame`: how large they are, their letters, their titles
- `lines`: values over something, a line for each series
- `bars`: a bar for each of a few names; in groups, or stacked
- `whole`: one bar that is cut into its parts
- `columns`: a histogram of one or more draws
- `grid`: a table of numbers as coloured cells, written out where there is room
- `points`: points in a plane, with names
- `sums`: small maps side by side, with the signs between them that make a sum of them
- `dials`: clock hands, one or more on each of a few dials
- `texts`: a table of words, a colour for each kind of row
- `strips`: rows of tokens that light up
- `cloud`: points in space that are turned
- `globe`: a map of the earth with places
- `race`: ways to make the same, racing
- `maps`: the maps of several heads side by side
"""

from explorer.charts.lectures.bars import bars
from explorer.charts.lectures.cloud import cloud
from explorer.charts.lectures.columns import columns
from explorer.charts.lectures.dials import dials
from explorer.charts.lectures.frame import SIZES
from explorer.charts.lectures.globe import globe
from explorer.charts.lectures.grid import grid
from explorer.charts.lectures.lines import lines
from explorer.charts.lectures.maps import maps
from explorer.charts.lectures.points import points
from explorer.charts.lectures.race import race
from explorer.charts.lectures.strips import strips
from explorer.charts.lectures.sums import sums
from explorer.charts.lectures.texts import texts
from explorer.charts.lectures.whole import whole

__all__ = ["SIZES", "bars", "cloud", "columns", "dials", "globe", "grid", "lines", "maps", "points", "race", "strips", "sums", "texts", "whole"]
