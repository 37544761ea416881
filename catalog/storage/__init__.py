"""Storages of catalogs: a folder or an S3 bucket."""
