"""Networks of the crops: what is meant in a picture, and how to frame it."""
