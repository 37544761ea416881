"""Loaded networks, per-catalog networks, fine-tuning and calibration."""
