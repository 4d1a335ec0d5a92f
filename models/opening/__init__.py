"""From a name, a hub id or a folder to a model that can be looked at.

- `catalogue`: the models offered by name, the bundled BERT among them
- `hub`: fetching a model, and saying clearly why it could not be fetched; `folder`: a folder checked before anything is read from it
- `allowed`: what may be opened for strangers
- `loading`: `load`, which returns the one object that everything else takes
- `devices`: the devices of this machine, their room, and what is said when one is full
- `split`: a model that is larger than a device, spread over an accelerator, main memory and disk
- `claimed`: what config.json claims beside what the files hold
- `classes`: how many a head has, where config.json does not say
- `embeddings`: of two stacks, from a file that holds them once
- `weights`: whether they are finite, in one precision, and ever trained; their fingerprint
- `sites`: where a network attends (layer, heads, self or cross), measured by running it
- `own_attention`: networks that compute attention in code of their own, led to the one function; `own_weights`: what such code returns, checked
- `quiet`: libraries that warn of what a viewer is told on the page
- `tokenizing`: the tokenizer of a folder, read as its file says
- `limits`: how long a text a model can read
- `pieces`: feed-forward layers that read a very long text a piece at a time
- `last_token`: where decoders classify; `rotary`: where rotary angles change with a text's length
- `in_float32`: a pass in float32 of a network in half precision, without a second copy of its weights
- `adapters`: a folder of low-rank adapters, merged into their base when it is opened
- `sliced_folder`: opening a folder whose model has lost some of its heads
"""
