"""Tests of the course's notebooks."""
