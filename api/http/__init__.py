"""The service: an engine behind a gate, in one process or with gunicorn's workers between."""
