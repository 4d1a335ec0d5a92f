"""Charts of the softmax laboratory.

- `vectors`: scores, weights and Jacobian of random vectors
- `lookups`: four ways to look up in a dictionary
- `heads`: the scores, the saturation and the uniform outputs of a model's heads
- `scale`: a factor on the scale of a model
"""
