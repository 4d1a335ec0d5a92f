"""Long work in units that any process may do: a page, a command, other processes of this machine, workers of a cluster.

- `unit`: what a unit is, pure data; `store`: its file in a folder, whole or not there
- `versions`: of the code, by which a worker says, as by its weights, that it is another
- `bench`: what units work on, opened once a process; `kinds`: the functions that they name, each on one shard
- `work`: one unit done: looked up, checked, computed, written
- `plan`: from what a command was asked to its units
- `job`: a folder of units: what it is about, what is planned, what is merged
- `executors`: where units run: this process, or one process a device; `on_dask`: workers of Dask.distributed
- `ablation`, `reading`, `atlas`: which units the commands plan, and what becomes of their results
- `watch`: a folder of units as somebody else fills it

A unit's result depends on nothing but the unit. Results are merged in the order of their numbers, so nothing depends on who did what when.
Files are JSON; nothing that is read from a folder is ever run.
"""
