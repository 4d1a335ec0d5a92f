"""The server that strangers may use.

- `opening`: begins it, says so in the terminal, and gives the options of the server
- `served`: what is served then
"""
