"""Charts of the page *Prune heads*: how much faster a smaller model runs (`speed`)."""
