"""What computes: pretrained models, and the one place where attention is computed, recorded or changed.

- `attention`: the attention function that every model dispatches through, and the context that records and changes it; `records`: what is
  kept of a call; `scoring`: what both compute
- `normalisers`: what turns scores into weights where it is not a softmax
- `sites`: where a network attends (layer, heads, self or cross), measured by a probe
- `catalogue`: the models offered by name, the bundled BERT among them
- `hub`: fetching a model from the Hugging Face hub, and saying clearly why it could not be fetched
- `folder`: a model folder checked before anything is read from it
- `slicing`: a smaller network without some heads, and folders of it; `cutting` knows where each architecture keeps its heads,
  `headless` what is left of a layer without any, `sliced_folder` how such a folder is opened
- `private`: a copy of a network, sharing its weights, to tamper with
- `resume`: a network started in the middle, for ablating one head after the other
- `heap`: large arrays kept out of the heap while a text is captured
- `loading`: `load`, which returns the one object that everything else takes
- `probe`: a linear classifier on hidden states; `shipped/` holds the one of the bundled BERT, `training/` makes it
- `toy`: the toy transformer, a recurrent network beside it, their vocabularies and tasks
- `whole`: files that are whole or not there at all
- `errors`: what can go wrong, in words for a viewer

Nothing here imports `explorer`.
"""

from models.catalogue import CATALOGUE, Entry
from models.errors import InputError, ModelError
from models.loading import Model, load
from models.sites import Site

__all__ = ["CATALOGUE", "Entry", "InputError", "Model", "ModelError", "Site", "load"]
