"""Pictures of all heads by their scores.

- `layers`: a score by layer, all heads and their mean
- `roles`: which heads have which role
"""
