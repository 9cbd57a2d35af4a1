"""Benchmarks of the pipeline, as ratios of two measurements that alternate in one process."""
