"""Drawing on frames: boxes, labels, comparisons."""
