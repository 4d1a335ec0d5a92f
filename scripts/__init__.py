"""Tools of the project.

- `find_browser`: a Chromium for the browser tests, found or installed
- `serve`: a running dashboard, for tests, screenshots and benchmarks
- `screenshots`: those of the README
- `words`: messages of the code, into the catalogues for translation
"""
