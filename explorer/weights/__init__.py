"""What the weights of a head say, with no text at all (Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits").

- `norms`: what of a norm folds into the weights behind it
- `ends`: what a token alone puts into the stream, and what the stream says of words; found by running the network's own code
- `opened`: a model's weights, head by head, with the norms folded; what is left out is said
- `pairs`: the largest products of two tables, never all of them at once
- `turned`: what rotary positions make of a query and a key that are apart
- `head`: which tokens a head would match (QK), what it makes of them (OV), its singular directions
- `one`: all of that for one head
- `distance`: what heads prefer by distance alone
- `copying`: which heads copy, by eigenvalues
- `composition`: which heads read what others write, against random matrices
- `survey`: all heads of a part, and those that these three find
"""
