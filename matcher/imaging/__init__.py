"""Boxes, resizing and optical flow."""
