"""Video files: decoding, replay as a live source, writing."""
