"""Panels of the page *Know every head*.

- `source`: on which texts heads are scored, and what is known of them then
- `panel`: map, scatter, table, roles, families, layers, and one head beside them
"""
