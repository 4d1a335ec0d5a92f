"""Tasks: what a model is asked to do while its heads are switched off.

- `base`: examples in batches without padding, results per example; `guards`: a full accelerator, a model that moves
- `score`: what the outcomes of all examples amount to
- `classify`, `several`, `words`, `number`: the tasks with labels: one class, several labels, a label for each word, a number
- `language`, `exact`: masked words and next words; a toy's own task
- `choose`: a task and its examples by name
- `data`: the examples of a task, ours, uploaded, or from the hub; `hub_files`: files of text there
- `examples`: what they are as values; `of_rows`: made of a table's rows
- `answers`: several labels or a number in a cell; `tagged`: sentences with labelled words, as in CoNLL files
- `tables`: files as rows that remember their line numbers; `formats`: encoding, separator, quotes, header
- `delimited`, `json_rows`: the kinds of files that take some reading; `written`: lines that say by themselves what they hold
- `columns`: which column holds the text, the label, the second text
- `labels`: labels as written, made into classes; `matching`: which of the model's classes each of them is
- `texts/`: sentences and a passage written for this project
"""
