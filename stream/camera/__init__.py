"""Network and device cameras."""
