"""Where order comes from: the laboratory of positions, the part that runs a model. No Streamlit.

- `reading`: the stack that reads a text, and a private copy of it in which something may be switched off
- `tables`: which kind of positions a model has; the table that it adds, the biases of T5; components and similarities of a table
- `order`: tokens in another order, with position information and without
- `terms`: a score as a sum of content and position terms, and the angles between the subspaces of both
- `extrapolation`: small models, trained at one length and read at longer ones
"""
