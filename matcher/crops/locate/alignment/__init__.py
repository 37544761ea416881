"""A crop laid over its place: refined to fractions of a pixel, and compared cell by cell."""
