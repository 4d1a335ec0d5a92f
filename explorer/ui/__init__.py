"""What is on the pages. Streamlit is imported here, in `pages/` and in `app.py`, and nowhere else.

Each page of `pages/` has a folder of its own name; `common/` is what pages share. `start` is the command that opens the dashboard,
`served` what it serves, and `index` the document that opens each page;
`room/` is the server where phones may join, `public/` the one that strangers may use.
"""
