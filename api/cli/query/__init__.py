"""`skulens identify`, `explain` and `search`."""
