"""`python -m explorer ..`: one module a group of commands.

- `main`: the parser, and the commands models and capture; `shared`: what the others have in common; `examples`: --data and how it is read
- `pruning`: ablate, prune, slice; `scores`: heads; `atlas`; `syntax`; `beyond`: trace, lens, logit, generate; `weights`
- `training`: train; `positions`, `softmax`: the laboratories; `lectures`: the demos of the course; `talks`: lectures of one's own;
  `claims`: claims on trial
"""
