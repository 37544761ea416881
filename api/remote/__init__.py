"""A server's catalogs in the shape that commands know from their own machine."""
