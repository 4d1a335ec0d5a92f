"""From a name, a hub id or a folder to a model that can be looked at.

- `catalogue`: the models offered by name, the bundled BERT among them
- `hub`: fetching a model, and saying clearly why it could not be fetched; `folder`: a folder checked before anything is read from it
- `loading`: `load`, which returns the one object that everything else takes
- `sites`: where a network attends (layer, heads, self or cross), measured by running it
- `in_float32`: a pass in float32 of a network in half precision, without a second copy of its weights
- `sliced_folder`: opening a folder whose model has lost some of its heads
"""
