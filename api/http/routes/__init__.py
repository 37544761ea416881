"""Thin routes over the engine; one module for each resource of docs/api.md."""
