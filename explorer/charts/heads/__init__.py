"""Pictures of all heads by their scores.

- `scatter`: one point per head, by two scores or by its place among families
- `layers`: a score by layer, all heads and their mean
- `roles`: which heads have which role
"""
