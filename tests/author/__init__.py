"""Tests of what an instructor uses."""
