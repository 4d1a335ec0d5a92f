"""Claims on trial: what is often heard in class, put to the test.

- `contents`: all claims by topic, a search box
- `place`: which claim the address names, whether it was put to the test, and what comes before and after
- `player`: a claim on the screen: the guess of the class, then the verdict; and the way forward and back
- `trial`: the computation, as a job, and what a hall reads of it
- `votes`: what the class voted on each, and how many were right
- `keys`: a clicker, digits that jump, letters that count hands
"""
