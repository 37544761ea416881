"""Measurements of the proposer: boxes, corners, both round trips, and arithmetics."""
