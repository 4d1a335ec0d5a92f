"""Softmax, measured: what the softmax laboratory shows, without a page.

- `vectors`: scores of random queries and keys, for many widths at once
- `heads`: the scores of a real model's heads, and how far their softmax is saturated
- `scale`: a factor on the model's own scale, and what becomes of it
"""
