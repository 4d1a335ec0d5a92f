"""The course: contents, and the one page that plays any demo.

- `contents`: chapters, a picture for each demo, a search box (`search`)
- `player`: a demo's step on the screen, and the way forward and back
- `place`: which demo and step the address names, and what comes before and after
- `settings`: the controls of a demo, each setting in the address
- `results`: what a demo computes, as a job, kept by its settings
- `ask`, `show`, `notice`, `follow`: the four steps
- `fitting`: how high the pictures of a notice may be, so that they end with the window of a stage
- `hands`: how many chose each option
- `record`: what was voted, and where controls stood, for afterwards
- `board`: the guesses and the numbers, as a hall reads them
- `join`: how phones join a room, and what they are told of the stage
- `votes`: what they voted
- `exercises`: three questions at the end of a chapter, checked
- `closing`: the card that ends a chapter: beliefs and measurements, how many were right before and after
- `keys`: a clicker, digits and letters (`keys.js`), the lecturer's second window
- `notes`: what stands in that window
"""
