"""Keypoints and how they are paired."""
