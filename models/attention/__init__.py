"""The one attention function, and what is kept of its calls. Nothing here knows how a model was opened.

- `function`: computes and changes attention; every model of transformers dispatches through it
- `records`: what is kept of a call, so that any pattern can be computed when someone looks
- `scoring`: scores and visible keys, for the function and for the records
- `normalisers`: what turns scores into weights where it is not a softmax
- `heap`: large arrays kept out of the heap while a text is captured
"""

from models.attention.function import NAME, Change, NotSupportedByInterface, Observer, Run, attending, attention_function, passed_over
from models.attention.records import Record

__all__ = ["NAME", "Change", "NotSupportedByInterface", "Observer", "Record", "Run", "attending", "attention_function", "passed_over"]
