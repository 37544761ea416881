"""Views of a picture: geometry, and the degradations of a phone's camera."""
