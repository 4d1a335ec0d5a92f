"""Panels of the page *Beyond the weights*.

- `input_tokens`: which tokens a prediction rests on
- `lens`: what each layer would predict
- `contributions`: what each head and each feed-forward layer adds to a logit
"""
