"""Pictures of the page *Atlas*.

- `strip`: the metrics of one head among those of all others
- `distances`: how far one head looks
- `moved`: heads that changed between two atlases
"""
