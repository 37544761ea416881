"""Values of a catalog: products, feedback, calibration, and their JSON."""
