"""What happens to a task when heads are taken away.

- `heads`: sets of heads, as text and as gates
- `replacements`: what takes the place of a removed head's output
- `sweep`: every head removed alone, exact
- `importance`: cheap estimates of it: gradients of the gates, confidence
- `curves`: how far a model can be cut, in which order
- `intervals`: how sure a mean over examples is
- `results`: what is known of a task already, shared by all viewers
- `resumable`: work that goes on where it was interrupted
"""
