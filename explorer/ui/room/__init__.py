"""The server where phones may join (`explorer/room`).

- `opening`: `make room`: begins the room, says where it is
- `served`: the dashboard with the phones' addresses beside it, and a door in front
"""
