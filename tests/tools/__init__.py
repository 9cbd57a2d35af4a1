"""Tests of what the commands in tools/ set up, refuse and open."""
