"""Benchmarks of ims-mock; ``python -m bench`` runs them. See ``bench/README.md``."""
