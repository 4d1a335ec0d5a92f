"""Tasks: what a model is asked to do while its heads are switched off.

- `base`: examples in batches without padding, results per example
- `classify`, `language`: the tasks: classes, masked words, next words
- `choose`: a task and its examples by name
- `data`: the examples of a task, ours, uploaded, or from the hub
- `tables`: files as rows that remember their line numbers
- `columns`: which column holds the text, the label, the second text
- `labels`: labels as written, made into classes
- `texts/`: sentences and a passage written for this project
"""
