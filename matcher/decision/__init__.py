"""From evidence to probability and verdict."""
