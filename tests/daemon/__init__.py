"""Tests against real processes of Dagster's: they mirror no package, and take some two minutes."""
