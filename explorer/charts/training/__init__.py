"""Charts of the page *Training lab*.

- `film`: all heads of a small model, large, frame by frame
- `over_steps`: values over the steps of a training
"""
