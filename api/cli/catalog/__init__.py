"""`skulens catalog` and `skulens product`."""
