"""What is measured and what is drawn; usable from a page, a notebook or the shell.

- `capture`: one text through one model, every head on demand
- `tokens`: tokens that a person can read
- `pooling`: large maps made small
- `views`: special tokens and sentence pairs taken out of a map, without lying about the rest
- `examples`: texts that show something
- `roles`: which keys a role says a query looks for
- `scores/`: every head as numbers, and the roles that follow; `syntax/`: heads that follow dependencies
- `flow/`: which input tokens a prediction rests on; `lens/`: what each layer would predict, and what each head adds
- `families`, `divergence`: heads that attend alike; `comparison`: two captures side by side
- `generation`: text token by token
- `ablation/`, `tasks/`, `speed`, `landmarks`: heads taken away, and what becomes of a task
- `positions/`: where order comes from, and what happens without it
- `softmax/`: scores before and after scaling, and what their scale decides
- `lab/`: a small model that trains in the background
- `export`: what a viewer takes away
- `i18n`: the words on the pages
- `charts/`: numbers in, Altair charts out
- `ui/`: what the pages share; Streamlit lives there
- `__main__`, `cli`: the same functions from the shell; `cli_*`: its commands, `cli_shared`: what those have in common
"""

from explorer.capture import Capture, capture

__all__ = ["Capture", "capture"]
