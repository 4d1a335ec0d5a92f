"""Networks taken apart, never the one that viewers share.

- `private`: a copy of a network, sharing its weights, to tamper with
- `resume`: such a copy, started in the middle, for ablating one head after the other; `rows`: its last layer, computed for
  the tokens that are read
- `cutting`: where each architecture keeps its heads, and how they are taken out; `headless`: a layer without any
- `projections`: the matrices of a layer's attention, head by head
- `slicing`: a smaller model without some heads, and folders of it
"""
