"""What computes: pretrained models, and the one place where attention is computed, recorded or changed.

- `attention/`: the attention function that every model dispatches through, and what is kept of its calls
- `opening/`: from a name or a folder to a model: catalogue, hub, folder, loading, and where a network attends
- `surgery/`: private copies, starting in the middle, cutting heads out
- `sentiment`: a linear classifier on the bundled BERT; `shipped/` holds it and other weights of the project
- `toy/`: the toy transformer, a recurrent network beside it, their vocabularies and tasks; `training/`: training all of them
- `cores`: on how many of them a thread computes
- `freed`: memory that was freed, given back to the system
- `seeded`: weights drawn by a seed, whatever other threads draw
- `stopping`: how a stop reaches work that is told nothing of it
- `atomic`: files and folders that are whole or not there at all; `paths`: paths as somebody typed them
- `digests`: the checksum of a file
- `errors`: what can go wrong, in `words` for a viewer

Nothing here imports `explorer`.
"""

import os

# Before torch is loaded: its threads sleep where they wait for each other. By default they spin, and on a busy machine each of them waits
# for a core that another one burns: a second of work was seen to take twenty.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from models.errors import InputError, ModelError
from models.opening.catalogue import CATALOGUE, Entry
from models.opening.loading import Model, load
from models.opening.sites import Site

__all__ = ["CATALOGUE", "Entry", "InputError", "Model", "ModelError", "Site", "load"]
