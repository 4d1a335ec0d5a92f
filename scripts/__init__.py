"""Tools of the project: the start of the dashboard, the browser for tests, a running app, screenshots."""
