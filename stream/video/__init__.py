"""Video files: reading, replay, writing."""
