"""Settings, composition root, command line; later routes and the page."""
