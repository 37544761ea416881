"""Frames in, frames out: sources and the video writer. Knows no models, catalog or HTTP."""
