"""The service: an engine behind a gateway, in one process or with gunicorn's workers between."""
