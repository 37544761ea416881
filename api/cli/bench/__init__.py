"""`skulens bench`: one command per measurement."""
