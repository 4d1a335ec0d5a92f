"""What pages share.

- `session`: models and captures, cached for all viewers; the last good model of this one
- `sidebar`: model, device, text; `task_choice`: which task on which examples
- `address`: what the widgets do not put into the URL themselves
- `long_work`: progress, and a button that stops
- `sliders`: charts with inputs of their own; `sortable`: chips to drag
- `offer`: a bundled model that can do what this one cannot
- `take_away`: downloads and the lines that reproduce a picture
"""
