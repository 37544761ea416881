"""Comparing the storage with the journal, and mending what differs."""
