"""Calibration of tracks."""
