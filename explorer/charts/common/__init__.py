"""What the charts of several pages use.

- `palette`: the colours of weights, in both themes; `data`: numbers into a chart, compactly
- `picture`: a description, made once for each structure, and the tables that fill it; `spoken`: what is said of it;
  `on_page`: what it gets from the page's theme
- `board`: heads as cells, layers down; `heatmap`: one head, tokens on both axes; `bars`: one row of a head, and one score taken apart
- `matrix`: numbers of either sign as one picture; `thumbnails`: small pictures made of numbers
- `scatter`: a point per head, by two numbers or by its place among families
- `names`: where the names of points stand, so that none lies on another
- `sliders`: inputs that a viewer moves in the browser; `laboratory`: what the pictures of the laboratories share
"""
