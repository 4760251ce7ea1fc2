"""Measurements of speed, each as a ratio of two things that were measured side by side in one run."""
