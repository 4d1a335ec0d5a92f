"""What is measured and what is drawn; usable from a page, a notebook or the shell.

A page, its panels (`ui/<page>/`) and its charts (`charts/<page>/`) carry one name; what they show is measured in the folders below.

- `reading`: what a network reads of a text, the one place that tokenises; `tokens`: tokens that a person can read; `unread`: what a model cannot
- `capture`: one text through one model, every head on demand; `bounded`: a cache bounded by bytes; `bearing`: how long a text this machine bears
- `pooling`: large maps made small; `tiles`: a window onto one of them; `edges`: words, and edges that stand out
- `views`: special tokens and sentence pairs taken out of a map, without lying about the rest; `follow`: one token through all layers;
  `examples`: texts that show something
- `scores/`: every head as numbers, roles and families that follow; `syntax/`: heads that follow dependencies; `atlas/`: every head
  over a corpus
- `flow/`: which input tokens a prediction rests on; `lens/`: what each layer would predict, and what each head adds
- `compare/`: two captures side by side; `generate`: text token by token, under the model's own rules (`own_rules`)
- `ablation/`: heads taken away, and what becomes of a task; `tasks/`: what a model is asked to do
- `positions/`: where order comes from, and what happens without it; `softmax/`: what the scale of scores decides
- `lab/`: a small model that trains in the background
- `units/`: long work in parts that any process may do, here or on a cluster
- `jobs`: long work, off the page's thread; `limits`: what a process bears; `public/`: a server that strangers may use
- `export`: what a viewer takes away; `i18n`: the words on the pages
- `charts/`: numbers in, Altair charts out; `ui/`: what is on the pages, where Streamlit lives; `cli/`: the same functions from the shell
"""

import models  # noqa: F401  (first: it decides how torch's threads wait)
from explorer.capture import Capture, capture

__all__ = ["Capture", "capture"]
