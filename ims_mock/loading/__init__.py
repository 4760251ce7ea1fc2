"""Catalog files: finding, parsing, validating and merging them, generating images, and writing them back."""
