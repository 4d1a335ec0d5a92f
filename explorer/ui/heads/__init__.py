"""Panels of the page *Know every head*.

- `source`: on which texts heads are scored
- `measured`: their scores, at once where they are those of the page's text; what they are compared with, afterwards
- `baselines`: of that, what belongs to the model and is kept as long as it is open
- `score_choice`: which score is shown, and its formula
- `score_map`, `score_scatter`, `score_table`, `roles`, `families`, `layers`: all heads in one view
- `one_head`: the chosen head beside them
"""
