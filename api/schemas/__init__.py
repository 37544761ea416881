"""The JSON of answers and events."""
