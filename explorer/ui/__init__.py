"""What the pages share. Streamlit is imported here, in `pages/` and in `app.py`, and nowhere else.

- `start`: the command that opens the dashboard
- `session`: models and captures, cached for all viewers; the last good model of this one
- `sidebar`: model, device, text
- `address`: what the widgets do not put into the URL themselves
- `controls`: which view, which tokens, which colours
- `head_grid`: all heads, and which of them is looked at
- `head_panel`: one head, in the view that was chosen: `head_map`, `neuron_view`, `bertviz_view`
- `task_choice`: which task on which examples; `long_work`: progress, and a button that stops
- `board_panel`, `effect_panel`, `pruned_set`: heads off and on, what that did, and undo
- `importance_panel`: which heads matter, and curves
- `lab_controls`, `lab_runs`: what to train, and the runs of a viewer; `lab_film`, `lab_curves`: how they go; `lab_take_away`: what comes of it
- `heads_source`, `heads_panel`: scores, roles and families of all heads; `syntax_panel`: relations
- `trace_panel`, `lens_panel`, `parts_panel`: input tokens, logit lens, contributions
- `compare_panel`, `generation_panel`: two captures; text token by token
- `positions_*`, `softmax_*`: views of the laboratories; `sliders`: charts with inputs of their own; `sortable`: chips to drag
- `offer`: a bundled model that can do what this one cannot
- `take_away`: downloads and the lines that reproduce a picture
- `bertviz_frame`: BertViz without a network
"""
