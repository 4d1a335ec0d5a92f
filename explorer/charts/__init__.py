"""Numbers in, Altair chart out: pure functions, no torch, no Streamlit.

- `palette`: the colours of weights, in both themes
- `thumbnails`: a small picture of each head
- `grid`: all heads at once
- `heatmap`: one head, tokens on both axes
- `bars`: one row of a head, and one score taken apart
- `film`: all heads of a small model, large, frame by frame
- `training`: values over the steps of a training
- `extrapolation`: accuracy or loss over the length that is read
- `sliders`: inputs that a viewer moves in the browser; `softmax/`: charts of the softmax laboratory
- `moving`: charts of which only the numbers change
- `data`: numbers into a chart, compactly
"""
