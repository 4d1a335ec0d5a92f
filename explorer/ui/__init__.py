"""What the pages share. Streamlit is imported here, in `pages/` and in `app.py`, and nowhere else.

- `session`: models and captures, cached for all viewers; the last good model of this one
- `sidebar`: model, device, text
- `address`: what the widgets do not put into the URL themselves
- `head_panel`: one head, in all its views
- `take_away`: downloads and the lines that reproduce a picture
- `bertviz_frame`: BertViz without a network
"""
