"""Thumbnails beside crops that look at nothing, at spectra, or at entropy."""
