"""`skulens train`."""
