"""Tests of the files for production."""
