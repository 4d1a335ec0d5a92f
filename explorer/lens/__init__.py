"""What a layer already knows, and which parts of a network say it: a model's own output head, read elsewhere than at the end.

- `layers`: the logit lens, what each layer would predict
- `frozen`: a network that is linear in what its heads and feed-forward layers give
- `contributions`: a logit as a sum of what each of them adds to it
"""
