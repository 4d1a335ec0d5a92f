"""Charts of the page *Attention*: all heads at once (`grid`), one token through all of them (`followed`)."""
