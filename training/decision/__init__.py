"""Fitting the decision and the keypoint axes."""
