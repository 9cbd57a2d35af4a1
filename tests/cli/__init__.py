"""Tests of the `lesson` command."""
