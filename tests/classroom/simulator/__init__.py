"""Tests of the tick simulator."""
