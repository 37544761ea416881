"""Network and device cameras: addresses, opening, reading, reconnecting."""
