"""Changes that API clients make: creating, patching, uploading, sharing and deleting images."""
