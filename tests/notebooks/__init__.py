"""Tests of the course's data."""
