"""The schedule for the regular source: load a day's file when the day is over."""

import dagster as dg

from .jobs import import_partition_job

# The times follow from the partitions definition, so the calendar is written only once.
import_partition_schedule = dg.build_schedule_from_partitioned_job(
    import_partition_job, name="import_partition_schedule"
)
