"""A small typed client of a skulens service; it needs nothing else of skulens."""
