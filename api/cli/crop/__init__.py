"""`skulens crop …`: where a crop is from, what is meant, how to frame it."""
