"""Benchmarks: what the safe pipeline costs, as ratios of two things timed in turn in one run."""
