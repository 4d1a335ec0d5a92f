"""Panels of the page *Syntax*.

- `treebank`: which sentences are read, and what all heads predict in them
- `relations`: the best head for each dependency relation
- `one_relation`: all heads for one relation
- `syntactic`: what was found, for the page *Know every head*
"""
