"""Tasks: what a model is asked to do while its heads are switched off.

- `base`: examples in batches without padding, results per example; `guards`: a full accelerator, a model that moves
- `classify`, `language`, `exact`: the tasks: classes; masked words and next words; a toy's own
- `choose`: a task and its examples by name
- `data`: the examples of a task, ours, uploaded, or from the hub
- `tables`: files as rows that remember their line numbers; `formats`: encoding, separator, quotes, header
- `delimited`, `json_rows`: the kinds of files that take some reading
- `columns`: which column holds the text, the label, the second text
- `labels`: labels as written, made into classes; `matching`: which of the model's classes each of them is
- `texts/`: sentences and a passage written for this project
"""
