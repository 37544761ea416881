"""A software renderer of packages, and of a small shop to film them in."""
