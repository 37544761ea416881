"""Words printed on products: lines of text are found, then read."""
