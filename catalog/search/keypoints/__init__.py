"""Finding products by votes of keypoints."""
