"""Where order comes from: the laboratory of positions, the part that runs a model. No Streamlit.

- `reading`: a text as a model reads it, and the stack that does
- `tables`: which kind of positions a model has; the table that it adds, the biases of T5; components and similarities of a table
- `order`: tokens in another order, with position information and without
- `answers`: what the shipped toys, with positions and without, answer of a sentence and of its words in another order
- `terms`: a score as a sum of content and position terms, and the angles between the subspaces of both
- `extrapolation`: small models, trained at one length and read at longer ones
"""
