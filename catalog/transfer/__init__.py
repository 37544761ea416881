"""Import and export: folders, manifests, archives."""
