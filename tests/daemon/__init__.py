"""Tests against real processes of Dagster, which mirror no package and take about two minutes."""
