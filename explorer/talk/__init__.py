"""A lecturer's own lecture: an ordered list of steps, kept in a file, played by the app, and taken along as one file for a browser.

- `talk`: what a lecture is made of, and how long it takes
- `file`: the file that it is saved to, checked when it is opened
- `places`: a step from an address of the app, and back
- `titles`: what a step is called
- `frames`: what a step of the course shows at each value of its controls, computed beforehand
- `verdicts`: the same for a claim on trial
- `export`: one self-contained HTML file (`template.html`, `talk.css`, `talk.js`), which plays without Python and without a network
- `sheet`: the exercises of a chapter, to be printed
- `table`: votes and settings as a table
"""

from explorer.talk.file import opened, saved
from explorer.talk.talk import Step, Talk, of_chapter

__all__ = ["Step", "Talk", "of_chapter", "opened", "saved"]
