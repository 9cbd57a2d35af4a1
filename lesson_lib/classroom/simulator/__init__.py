"""The tick simulator: what Dagster's daemon does with a sensor, one tick at a time and in this process."""
