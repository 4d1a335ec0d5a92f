"""How the shipped weights were made: one script each, run as `python -m models.training.NAME`.

- `sentiment`: the linear sentiment classifier on the bundled BERT; `sentiment_adapters`: the same BERT fine-tuned by low-rank adapters
- `language`: gpt2-mini and bert-mini, on two CPU cores or a GPU. `recipe` decides how they come out; `corpus`, `pieces` and `batches` turn
  texts into tokens and tokens into batches; `checkpoint` keeps an unfinished run; `held_out` measures and `card` writes it down
- `shipped_runs`: the toys, one for each of `presets`. `settings` says how a toy is trained and what is too much, `footprint` how much memory a
  step takes, `toy` trains it step by step, `runs` is what a training leaves behind
- `extrapolation_runs`: small networks trained at one length and read at longer ones
- `chinese`: zh-mini, which reads Chinese; `translation`: translate-mini, English to Chinese. `chinese_texts` reads what they learn from,
  `characters` makes their vocabularies, `sentences` their batches
- `optimiser`: of all trainings here; `schedule`: how a learning rate rises and falls; `loop`: a long run from step to step; `stopping` ends one
  between two steps
"""
