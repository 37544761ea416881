"""Designs of packages."""
