"""Charts of the page *Compare*: one head on both sides, and what changed (`side_by_side`)."""
