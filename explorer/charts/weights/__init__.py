"""Pictures of the page *Weights*.

- `graph`: heads over layers, and which of them read what others write
- `distance`: what a head prefers by distance alone
- `words`: what one token makes more and less likely
"""
