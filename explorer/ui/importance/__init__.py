"""Panels of the page *Which heads matter*.

- `maps`: exact ablation beside its cheap estimates
- `curves`: how far the model can be cut, in several orders
- `attached`: a job that runs elsewhere, watched while it fills its folder
"""
