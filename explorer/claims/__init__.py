"""Claims often heard in class, on trial: what is said, what is computed, and the verdict that follows from the number.

- `claim`: what a claim is made of, and its three verdicts
- `registry`: all claims, C1 to C50, and their topics
- `words`: what is said of each, one Markdown file for a topic and a language (`words/en`, `words/zh`)

A module a topic; nothing but its functions computes. Where a demo of the course computes the number already, its function is called:

- `scaling`: softmax, its scale and its gradients
- `cost`: multiply-adds, bytes, and what a cache or a mask saves
- `order`: permutations, sinusoids, RoPE, ALiBi, and lengths that were never trained
- `mask`: what a causal mask hides, and what making text waits for
- `depth`: residual connections, norms, and the feed-forward network
- `methods`: FlashAttention, scans, linear attention, federated learning, dilated convolutions, sparsemax
- `heads`: how many, how wide, what they share, what they find
- `output`: uniform weights, the output projection, keys and values that are one
- `tasks`: what models are for, and what is hidden from them
"""

from explorer.claims.claim import Claim, Finding, Verdict
from explorer.claims.registry import claim, claims

__all__ = ["Claim", "Finding", "Verdict", "claim", "claims"]
