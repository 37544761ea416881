"""Finding products: by vector, by text, by attribute."""
