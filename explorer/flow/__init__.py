"""Where a prediction comes from, beyond the weights of one layer: each input token as a number, for one target.

- `targets`: what is predicted, and where it is read
- `paths`: attention rollout and attention flow, from the weights alone
- `norms`: how long the vectors are that a head really passes on
- `relevance`: weights and their gradients
- `blankout`: the tokens left out one by one, the yardstick
- `methods`: all of them on one text, and how well each agrees with the yardstick
"""
