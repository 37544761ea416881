"""Embeddings and features of references: their files, networks and caches."""
