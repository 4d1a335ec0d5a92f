"""Pictures of the page *Atlas*.

- `points`: heads as points, those that were found among them
- `strip`: the metrics of one head among those of all others
- `distances`: how far one head looks
- `moved`: heads that changed between two atlases
"""
