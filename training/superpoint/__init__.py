"""SuperPoint's data and trainer."""
