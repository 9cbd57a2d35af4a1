"""Irregular partitions: the library behind the course's notebooks."""
