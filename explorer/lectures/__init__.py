"""The course: each demo is data, and pages, shell and tests walk the same registry.

- `demo`: what a demo is made of: controls, measures, a result, the door to the page that shows the same on a viewer's own text
- `registry`: all demos in the order of the course, and its chapters
- `words`: what a demo says, from one Markdown file for each language (`words/en`, `words/zh`)
- `prose`: Markdown as HTML, for what is read without Streamlit
- `shipped`: what takes too long to compute in front of a class, kept as data (`data/`), with a card that says how it was made
- `exercises`: three questions at the end of each chapter, whose answers are computed
- `thumbnails`: a small picture for each demo (`pictures/`)
- `work`: multiply-adds of a layer, counted and by formula; parameters
- `scales`: two more looks of Q3, at scores of a real model and at three scores by hand
- `next_sentence`: BERT's second objective, where a loaded BERT has the head for it
- `languages`: which of the project's sentences a model is given, and whether a text is Chinese
- `fused`: a head's output by torch's fused attention, which never has a table of weights
- `deep`: deep toys with and without residual connections and norms, and a grid of their trainings
- `sublayers`: parts of the layers of a real network, one by one
- `geometry`: what Q14 draws of a table of positions
- `memory`: bytes of a model that makes text, by part, and what a cache saves
- `clock`: processor seconds of a call
- `peak`: the most memory that a computation holds at one time
- `tiles`: attention tile by tile, and the bytes that it moves
- `sparse`: which keys a sparse pattern keeps, laid over a head and imposed on a model
- `retrieval`: a store of sentences that is searched, and a memory of what a language model has read, at its output or in attention
- `apart`: toys that learn apart and are averaged, a learned start, and what a gradient gives away
- `scratch`: sums of digits with and without partial sums
- `edits`: a fact written into one matrix of a real model, and what each of its heads causes
- `linear`: what Q22 computes of linear attention
- `forgetting`: a small network that knows facts and is taught others, in four ways
- `one_fact`: one new fact of a real model: told in the context, learned by LoRA, learned by all weights

A module a question; nothing but its `compute` computes:

- chapter 1: `q01_mechanism`, `q02_projections`, `q03_scaling`, `q04_cost`, `q05_outputs`, `q05b_uniform`, `q06_dictionary`
- chapter 2: `q07_diversity`, `q08_parameters`, `q09_specialise`, `q09b_roles`, `q10_parallel`, `q11_width`, `q12_output`, `qf3_redundancy`,
  `qf6_layers`
- chapter 3: `q13_order`, `q14_sinusoids`, `q15_addition`, `q16_rotary`, `q16b_longer`
- chapter 4: `q17_residual`, `q18_norm`, `q19_ffn`, `q20_mask`
- chapter 5: `q21_cache`, `q21b_flash`, `q22_linear`, `q22b_sparse`
- chapter 6: `q23_serial`, `q23b_exposure`, `q24a_growth`, `q24b_forgetting`, `q24c_outside`, `q24d_further`
"""

from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result, Settings
from explorer.lectures.registry import CHAPTERS, demo, demos

__all__ = ["CHAPTERS", "Control", "Demo", "Door", "Measure", "Models", "Result", "Settings", "demo", "demos"]
