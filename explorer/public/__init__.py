"""A server that strangers may use (`make public`).

- `headers`: what every answer carries, and how large a request may be
- `bounds`: what a stranger may open, and how much of the machine one of them gets
"""
