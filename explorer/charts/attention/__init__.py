"""Charts of the page *Attention*.

- `grid`: all heads at once; `followed`: one token through all of them
- `tile`: a part of one head of a long text
"""
