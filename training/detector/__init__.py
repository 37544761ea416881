"""The detector's data and trainer."""
