"""SuperGlue's data and trainer."""
