"""Where products may be: the detector and its crops."""
