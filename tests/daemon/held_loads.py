"""The customers' assets as a daemon loads them, with a warehouse that each run holds until it is released."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from duckdb import DuckDBPyConnection

from lesson_lib import pipeline
from lesson_lib.pipeline.jobs import import_dynamic_partition_job

FOLDER = Path(os.environ["DAGSTER_HOME"]).parent


class HeldWarehouse(pipeline.Warehouse):
    """A warehouse with a journal, which stays open until a file with the name of the process id exists."""

    @contextmanager
    def get_connection(self) -> Iterator[DuckDBPyConnection]:
        """Open the database, wait for that file, and close the database at the end."""
        record_event("requests")
        with super().get_connection() as con:
            record_event("holds")
            while not (FOLDER / str(os.getpid())).exists():
                time.sleep(0.05)
            yield con
            record_event("closes")


def record_event(event: str) -> None:
    """Append a line to the journal; lines of several processes never mix."""
    with (FOLDER / "journal").open("a", encoding="utf-8") as journal:
        journal.write(f"{os.getpid()} {event}\n")


@dg.sensor(
    job=import_dynamic_partition_job,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def all_keys_sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
    """Request one run for each key in a single tick."""
    for key in context.instance.get_dynamic_partitions("s3"):
        yield dg.RunRequest(run_key=key, partition_key=key)


defs = dg.Definitions(
    assets=[pipeline.import_dynamic_partition_file, pipeline.duckdb_dynamic_partition_table],
    jobs=[import_dynamic_partition_job],
    sensors=[all_keys_sensor],
    executor=dg.in_process_executor,  # a process for each step would make a run take twice as long
    resources={
        "source": pipeline.SourceFolder(path=str(FOLDER / "source")),
        "database": HeldWarehouse(database=str(FOLDER / "warehouse.duckdb")),
    },
)
