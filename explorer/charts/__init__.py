"""Numbers in, Altair chart out: pure functions, no torch, no Streamlit.

- `palette`: the colours of weights, in both themes
- `thumbnails`: small pictures made of numbers
- `grid`: all heads at once
- `heatmap`: one head, tokens on both axes
- `bars`: one row of a head, and one score taken apart
- `film`: all heads of a small model, large, frame by frame
- `training`: values over the steps of a training
- `extrapolation`: accuracy or loss over the length that is read
- `sliders`: inputs that a viewer moves in the browser; `softmax/`, `positions/`: charts of the laboratories, `laboratory`: what those share
- `matrix`: numbers of either sign as one picture
- `heads/`: all heads by their scores; `relations`: dependency relations; `beyond/`: what weights alone do not say
- `board`, `curves`, `speed`: heads switched off, and what that does
- `moving`: charts of which only the numbers change
- `data`: numbers into a chart, compactly
"""
