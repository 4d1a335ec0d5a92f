"""Panels of the page *Compare*.

- `second`: what the text of the sidebar is compared with
- `changed`: which heads changed, and how one of them did
- `recipe`: the same in Python
"""
