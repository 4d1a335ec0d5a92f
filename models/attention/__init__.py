"""The one attention function, and what is kept of its calls. Nothing here knows how a model was opened.

- `function`: computes and changes attention; every model of transformers dispatches through it
- `runs`: what is asked of it for one call of a network: what to record, to change and to tell
- `calls`: one call, computed by a fused kernel or in blocks of rows
- `kernel`: the same in one fused call, where nobody looks at every weight
- `records`: what is kept of a call, so that any pattern can be computed when someone looks
- `scoring`: scores and visible keys, for the function and for the records
- `normalisers`: what turns scores into weights where it is not a softmax
- `heap`: large arrays kept out of the heap while a text is captured
"""

from models.attention.function import LEAN, NAME, NAMES, NotSupportedByInterface, attention_function, looks_back
from models.attention.records import Record
from models.attention.runs import Change, Observer, Run, attending, passed_over

__all__ = [
    "LEAN",
    "NAME",
    "NAMES",
    "Change",
    "NotSupportedByInterface",
    "Observer",
    "Record",
    "Run",
    "attending",
    "attention_function",
    "looks_back",
    "passed_over",
]
