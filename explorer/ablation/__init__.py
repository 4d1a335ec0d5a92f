"""What happens to a task when heads are taken away.

From what a head is, to what a viewer asks for; each uses only those above it:

- `heads`: sets of heads, as text and as gates
- `intervals`: how sure a mean over examples is
- `resumable`: finished pieces of long work, in a file or in memory, so that it goes on where it was interrupted
- `replacements`: what takes the place of a removed head's output
- `passes`: forward passes that do no work twice: from the lowest layer that changes, several sets of heads at once
- `sweep`: every head removed alone, exact
- `importance`: cheap estimates of it: gradients of the gates, confidence
- `scorer`: the score without any set of heads; keeps what the layers returned with all of them
- `greedy_passes`: what the greedy order asks of each batch of examples
- `greedy`: the order in which each head that goes is the cheapest of those that are left
- `curves`: how far a model can be cut, in which order
- `costs`: what a curve will take
- `results`: what is known of a task already, shared by all viewers

Beside them `published` (figures of papers) and `speed` (timed forward passes).
"""
