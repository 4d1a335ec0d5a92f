"""Panels of the page *Attention*: all heads on one text, and one of them token by token.

- `controls`: which view, which tokens, which colours
- `head_grid`: all heads, and which of them is looked at
- `one_token`: one token through all layers
- `far_map`: one head of a long text, a map under a window (`far_map.js`, `far_map.css`); `far_text`: the text beside it, a word
  to find, and edges that stand out (`far_text.js`, `far_text.css`)
- `head_panel`: one head, in the view that was chosen: `head_map`, `neuron_view`, `bertviz_view`; `bertviz_frame`: BertViz without a network
"""
