"""What pages share.

- `session`: models and captures, shared by all viewers; `open_models`: which models stay open; `model_queue`: who waits for one
- `sidebar`: model, device; `text_bar`: what is read, and its tokens; `model_names`: how models are called
- `task_choice`: which task on which examples; `uploads`: files, which stay for the session
- `file_choice`: a file of examples, and how it was read
- `quick`: keys that follow each other at once
- `address`: the view as the address says it; `long_texts`: what is too long for it
- `chosen_head`: which head is looked at; `head_button`: the way to it
- `parts`: encoder, decoder or cross; `markdown`: texts as Markdown shows them
- `jobs`: long work on a page: how far it is, what is left, Stop; `again`: running the page again, also when its connection comes back
- `pictures`: pictures on a page, and those in which something can be chosen; `sliders`: charts with inputs of their own
- `sortable`: chips to drag; `offer`: a bundled model that can do what this one cannot
- `on_request`: files made when they are asked for; `take_away`: downloads and the lines that reproduce a picture
- `language`, `theme`: of a viewer; `stage`: the page for a hall; `glossary/`: words of the field; `style.css`: of all pages
- `browser`: what only the browser can see or mend; `chart_keys.js`: charts by keyboard; `streamlit_words`: what Streamlit says in English
- `garbage`: what is loaded once is not collected again and again
- `strangers`: whether others than who sits at this machine may look
"""
