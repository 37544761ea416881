"""Making our own weights: data, synthetic scenes, one trainer per network."""
