"""Panels of the page *Generate*.

- `controls`: how tokens are taken, and how many
- `made`: the tokens made so far, and the job that makes more
- `text`: the buttons, and the text as it grows
- `step`: one step of it: what could have come, and where the newest token looked
"""
