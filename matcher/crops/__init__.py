"""Crops: where a crop was cut from, what a picture means, and how to frame it."""
