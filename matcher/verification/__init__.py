"""Is it this product? Homography, alignment, comparator, twin test."""
