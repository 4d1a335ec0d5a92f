"""A lecturer's own lecture on its page, and while it is played on the others.

- `session`: the lecture of this viewer
- `adding`: a button on every page that takes what is shown into it
- `playing`: where it stands, forward and back, a bar that says so
- `words`: a step of the lecturer's own words, on the stage
- `order`: its steps in a row, and the one that is changed
- `kept`: what the browser keeps of it, and offers when the page is loaded again
- `more`: steps from an address, a chapter, or words
- `files`: opened, saved, exported; votes, sheets
"""
