"""What Dagster's objects show of themselves."""
