"""Charts of the page *Attention*: all heads at once (`grid`)."""
