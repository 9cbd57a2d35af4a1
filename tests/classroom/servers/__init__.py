"""Tests of the servers that end with a kernel."""
