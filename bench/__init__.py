"""Measurements with their baselines, each one command."""
