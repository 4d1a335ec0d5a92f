"""Numbers in, Altair chart out: pure functions, no torch, no Streamlit.

Each page has a folder of its name; `common/` is for what several use.
"""
