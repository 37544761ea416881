"""Embedding, encoding and the shortlist."""
