"""How well products are named."""
