"""The `skulens` command."""
