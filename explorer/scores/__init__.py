"""What a head does, as numbers that can be checked, and the roles that follow from them.

- `definitions`: every score with its formula and source
- `masks`: which keys each query looks for in a role: the previous token, earlier copies, ..
- `hits`: those masks, and columns of keys, for many texts on a device
- `sums`: sums over queries that are added up in a given order, and travel as JSON
- `by_text`: what rows of texts add to each score; `measure`: all scores of all heads on texts, in one pass
- `repeated`: scores on random tokens that are repeated once
- `null`: the same scores where no head can have a role: shuffled tokens, random weights
- `baselines`: of those, what belongs to the model alone and is computed once for all texts
- `roles`: which heads have which role, and why
- `families`: heads that attend alike
- `published`: heads that papers have named, beside ours
"""
