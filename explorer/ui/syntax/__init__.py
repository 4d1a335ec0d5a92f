"""Panels of the page *Syntax*: the best head for each dependency relation, and all heads for one relation (`panel`)."""
