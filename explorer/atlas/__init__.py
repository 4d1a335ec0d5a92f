"""What every head does over a corpus: read once, kept small, and looked at ever after.

- `corpus`: texts from a file, the hub, a treebank, or the project's own
- `options`: what decides the numbers of an atlas
- `plan`: which texts go through the model together, whatever the shard
- `sums`: sums that are exact, in whatever order they are added
- `sampled`: rows that are kept, the lowest priorities of each stratum
- `vocabulary`: what each token gets and does, by head
- `edges`: dependency relations as rows and keys
- `site`: what one attention site adds on one batch
- `reading`: a shard of the batches through the model
- `shards`: what a shard found, as a file; merging them, in any order
- `reference`: what roles are compared with
- `tables`: the finished tables, `atlas`: the atlas as a whole, in memory or in a folder
- `making`: from a model and a corpus to an atlas, in this process
- `growing`: one in the making elsewhere, as far as its shards are there; `in_parts`: one that this process makes, as far as it is read
- `find`: heads by what they do, and heads like one; `space`: heads as points
- `changed`: two atlases, head by head; `landing`: what a kept row looks at most
- `shipped`: the atlases that come with the project, and the command that makes them
"""
