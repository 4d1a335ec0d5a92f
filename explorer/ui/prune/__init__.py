"""Panels of the page *Prune heads*.

- `pruned_set`: which heads are off, with undo and redo
- `board`: heads to click; `effect`: what that did
- `cut_out`: a dialog that really cuts them out
"""
