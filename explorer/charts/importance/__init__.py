"""Charts of the page *Which heads matter*: score against the share of heads removed (`curves`)."""
