"""Two captures side by side.

- `comparison`: which tokens belong together, how a map changed, which heads changed most
- `divergence`: how far two rows of attention are apart
"""
