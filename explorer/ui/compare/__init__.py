"""Panels of the page *Compare*: two texts, two models, or one model without some of its heads (`panel`)."""
