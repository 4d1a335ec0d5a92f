"""Panels of the page *Weights*.

- `read`: what is read of a model's weights, as jobs, and kept as long as the model is open
- `choice`: which head is looked at, and which line of the graph
- `graph`: which heads read what others write
- `neighbours`: the strongest lines of the head that is looked at, as buttons
- `line`: both heads of a line of it
- `all_heads`: a number of each head as a board
- `one_head`: what one head's weights say
- `recipe`: the lines of Python
- `one_token`: the same for a token that the viewer types
"""
