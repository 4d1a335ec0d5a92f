"""Which heads follow syntax: for each dependency relation the head that predicts it best, against the best fixed offset.

- `sentences`: sentences with their dependency trees, from CoNLL-U; `treebank/` holds our own
- `words`: attention between words, from attention between their pieces
- `relations`: accuracy of every head for every relation
- `names`: what relations and directions are called for a viewer
- `published`: the heads that Clark et al. 2019 found in BERT
"""
