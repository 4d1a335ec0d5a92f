"""Panels of the page *Generate*: controls, the text so far, and one step of it (`panel`)."""
