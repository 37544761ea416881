"""The things that somebody means in a picture: paintings and objects, the likeliest first."""
