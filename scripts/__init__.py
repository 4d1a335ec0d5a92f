"""Tools of the project.

- `find_browser`: a Chromium for the browser tests, found or installed
- `serve`: a running dashboard, for tests, screenshots and benchmarks
- `screenshots`: those of the README
- `cluster`: a scheduler and workers of Dask on this machine
- `words`: messages of the code, into the catalogues for translation
"""
