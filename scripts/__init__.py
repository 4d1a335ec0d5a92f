"""Tools of the project: the browser for tests, a running app, screenshots."""
