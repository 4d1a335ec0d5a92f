"""`python -m explorer ..`: one module a group of commands.

- `main`: the parser, and the commands models and capture; `shared`: what the others have in common; `examples`: --data and how it is read;
  `argparse_words`: what argparse says itself
- `units`: where the work of ablate, prune, heads, syntax and atlas runs: here, in several processes, on a cluster
- `pruning`: ablate, prune, slice; `scores`: heads; `atlas`; `syntax`; `beyond`: trace, lens, logit, generate; `weights`
- `training`: train; `positions`, `softmax`: the laboratories; `lectures`: the demos of the course; `talks`: lectures of one's own;
  `claims`: claims on trial
"""
