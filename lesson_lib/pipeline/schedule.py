"""The schedule for the regular source: a day's file is loaded when the day is over."""

import dagster as dg

from .jobs import import_partition_job

# The partitions definition says when: nothing of the calendar is repeated here.
import_partition_schedule = dg.build_schedule_from_partitioned_job(
    import_partition_job, name="import_partition_schedule"
)
