"""What is measured, and against whom. Each is a command that prints one table: `.venv/bin/python -m benchmarks.NAME`.

- `attention_page`: bytes to the browser for 144 heads, a click on a head, a warm `make run`; in a real Chromium.
- `against_bertviz`: bytes and time until all heads of a text are drawn, by its length, against BertViz' model view.
- `capture_memory`: memory that capturing 1,024 tokens takes, against plain transformers with `output_attentions=True`.
- `long_texts`: what a capture and the small pictures of all heads take on up to 16,384 tokens, against transformers' sdpa forward;
  `long_views`: one head under a window, in the server and in a real Chromium (`long_texts --page`).
- `kernel`: capture, pictures, sweep and scores with the fused kernel and without it, before and after in one run.
- `lens_memory`: memory that the logit lens takes on 1,024 tokens of a vocabulary of 50,257 words.
- `ablation`: every head removed alone, against a plain loop and TransformerLens (`transformer_lens_loop`, in an environment of its own).
- `board`: how soon *Prune* answers a click, and what its orders cost, against a loop that runs every pass from the bottom.
- `pruning_curves`: how many heads of the bundled BERT can go on SST-2, by order; `slicing`: how much faster a model with half its heads is.
- `reruns`: what the server works for one new sentence, by page; `stops`: how soon Stop is answered, by page; `pruning_page`: the board in a
  real Chromium; `long_session`: memory after opening and leaving many models.
- `killed`: what `kill -9` leaves of long work: whether the next start goes on, and whether a half-written file is believed.
- `cluster`: units on one worker of Dask against several, and simulated on up to 256: where a job stops to scale, and why.
- `exactness`: patterns and logits against plain eager transformers, on the bundled MiniLM and on SmolLM2-135M.
- `training`: training steps per second of the toy transformer, against transformers' GPT-2 and PyTorch's encoder.
- `dragging`: how soon a picture follows a slider, on the stage and at a desk, and that no message leaves the browser meanwhile.
- `stage`: how soon her own sentence is seen, and how much of the page pictures cover, at a desk and on a stage.
- `lectures`: how soon each step of each demo of the course is seen.
- `exports`: how large a chapter as one HTML file is, and how it plays without a network.
- `room`: how soon votes of two hundred phones count, whether one is lost or doubled, and what they cost the lecturer.
- `viewers`: thirty viewers who change text and head, how long each waits, whether one sees another's text, a model that ten ask for at
  once, and a sweep and a training beside them; `viewer` is one of them without a browser, `watched` the dashboard that counts what it opens.
- `atlas`: an atlas of every head, against the forward passes alone; its size on disk, and memory.
- `head_scores`: all scores of all heads, against the forward passes alone.
- `weights`: heads that weights find, beside those that behaviour finds.
- `gpu`: everything that is computed, on a graphics card, against the processor; its tables are in `results/`. It does without Streamlit.
- `compiling`: what machine code changes of the small language models' training, and what it saves.
- `syntax`: heads that find relations, against figures of an independent run.
- `presets`: whether each preset of the toy tasks reaches its goal, and in what time.

Helpers: `operations` has everything that is computed, as functions whose numbers can be compared, and `cards` what `gpu` measures with;
`shapes` makes random folders of well-known shapes, `real` fetches real decoders, `memory` tells what the process holds, `report` prints
the table.
The extra packages that they need are in `requirements-dev.txt`, and alone in `benchmarks/requirements.txt`.
"""
