"""Painting: canvas, fonts, textures, ornaments."""
