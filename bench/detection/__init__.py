"""How well products are found in pictures."""
