"""The embedder's data and trainer."""
