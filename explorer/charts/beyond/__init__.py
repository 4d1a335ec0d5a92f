"""Pictures of what attention weights alone do not say.

- `strips`: one row per method, one cell per input token
- `agreement`: how well methods agree with leaving tokens out, over several texts
- `lens`: what each layer would predict at each token
- `contributions`: what heads, feed-forward layers and embedding add to a logit
"""
