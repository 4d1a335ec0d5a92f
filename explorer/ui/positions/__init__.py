"""Panels of the page *Positions laboratory*.

- `closed_form`: sinusoids, RoPE, ALiBi and where each acts, without a model
- `tables`, `order`, `terms`: what a model learned, what a new order of the text changes, which term decides
- `extrapolation`: texts longer than those of the training
"""
