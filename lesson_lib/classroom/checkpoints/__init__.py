"""Checkpoints: the start of each section of a notebook, and the way there."""
