"""Pictures of the positions laboratory.

- `sinusoidal`: the encoding, its clocks, wavelengths, similarity and rotation, computed in the browser
- `rope`, `alibi`: rotations of queries and keys, biases on scores, likewise
- `where`: the place in a layer where each scheme acts
- `tables`: position tables of models: matrix, similarity, components; T5's biases by distance
- `extrapolation`: accuracy or loss over the length that is read
- `order`: outputs for tokens in another order
- `terms`: a score as four terms, and angles between subspaces
"""
