"""What the pages share. Streamlit is imported here, in `pages/` and in `app.py`, and nowhere else.

- `session`: models and captures, cached for all viewers; the last good model of this one
- `sidebar`: model, device, text
- `address`: what the widgets do not put into the URL themselves
- `controls`: which view, which tokens, which colours
- `head_grid`: all heads, and which of them is looked at
- `head_panel`: one head, in the view that was chosen: `head_map`, `neuron_view`, `bertviz_view`
- `take_away`: downloads and the lines that reproduce a picture
- `bertviz_frame`: BertViz without a network
"""
