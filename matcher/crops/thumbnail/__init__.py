"""The most pleasant crop of a picture at a wanted aspect."""
