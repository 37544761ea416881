"""Views of a picture: geometry, light, lens, noise."""
