"""Panels of the page *Training lab*.

- `controls`: what to train; `runs`: the runs of a viewer
- `film`: all heads frame by frame; `curves`: how a run goes
- `take_away`: what comes of it
"""
