"""`skulens serve` and `skulens key`."""
