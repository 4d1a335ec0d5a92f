"""The training lab: a toy that trains in the background while somebody watches. No Streamlit.

- `request`: what a viewer asks for: preset, switches, settings, text; and the command that trains the same
- `slots`: how many train at once; the rest wait, and they take turns
- `live`: a training in a thread of its own: pause, step, resume, stop
- `state`: what there is to see of a run, live or kept, at one moment
- `shipped`: the runs that come with the project
- `film`: attention and role scores of a run at its snapshots
"""
