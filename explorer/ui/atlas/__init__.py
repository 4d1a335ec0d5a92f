"""Panels of the page *Atlas*.

- `source`: which atlas: the shipped one, one that is made here, one of a folder; `against`: the second one, and which heads changed
- `other_texts`: the same model over other texts, as the second one
- `fills`: an atlas in the making, here or elsewhere, as far as it is there
- `choices`: view, metrics, colours, and heads that are looked for
- `all_heads`: every head as a point; `relations`: heads by the relations that they find
- `one_head`: the chosen head, and the ways from it to other pages
- `without`: what a task loses without it, where that is known
- `rows`: its rows, with weights as marks in the text (`rows.css`); `numbers`: its tokens, distances and metrics; `by_text`: its roles by text
"""
