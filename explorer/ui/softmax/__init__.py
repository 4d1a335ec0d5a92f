"""Panels of the page *Softmax laboratory*.

- `closed_form`: random vectors and four lookups, without a model
- `heads`: the same on the heads of a model
- `scale`: a factor on the model's own scale
"""
