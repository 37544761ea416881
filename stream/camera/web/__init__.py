"""Cameras on the web: one HTTP client, and what their bodies may hold."""
