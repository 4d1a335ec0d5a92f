"""Panels of the page *Which heads matter*: exact ablation beside its estimates, and curves of cutting further and further (`panel`)."""
