"""Measuring trained networks and entering them into the weights folder."""
