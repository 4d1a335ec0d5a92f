"""How the shipped weights were made: one script each, run as `python -m models.training.NAME`.

- `probe`: the sentiment probe on the bundled BERT
"""
