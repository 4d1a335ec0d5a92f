"""Panels of the page *Beyond the weights*.

- `frame`: the row of controls, and the row below it that keeps its height
- `target`: what is predicted
- `input_tokens`: which tokens a prediction rests on
- `agreement`: how well the methods agree over many sentences
- `lens`: what each layer would predict
- `contributions`: what each head and each feed-forward layer adds to a logit
"""
