"""The customers' pair as a daemon loads it: all keys at once, each load at work until it is let go."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from duckdb import DuckDBPyConnection

from lesson_lib import pipeline
from lesson_lib.pipeline.jobs import import_dynamic_partition_job

WORLD = Path(os.environ["DAGSTER_HOME"]).parent


class HeldWarehouse(pipeline.Warehouse):
    """A warehouse that records each process, and holds its connection until a file with its pid exists."""

    @contextmanager
    def get_connection(self) -> Iterator[DuckDBPyConnection]:
        """Open the database, wait for that file, and close the database after the work."""
        note("asks")
        with super().get_connection() as con:
            note("holds")
            while not (WORLD / str(os.getpid())).exists():
                time.sleep(0.05)
            yield con
            note("closes")


def note(deed: str) -> None:
    """Add a line to the journal; lines of several processes never mix."""
    with (WORLD / "journal").open("a", encoding="utf-8") as journal:
        journal.write(f"{os.getpid()} {deed}\n")


@dg.sensor(
    job=import_dynamic_partition_job,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def everybody(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
    """Ask for one run of every key, all in one tick."""
    for key in context.instance.get_dynamic_partitions("s3"):
        yield dg.RunRequest(run_key=key, partition_key=key)


defs = dg.Definitions(
    assets=[pipeline.import_dynamic_partition_file, pipeline.duckdb_dynamic_partition_table],
    jobs=[import_dynamic_partition_job],
    sensors=[everybody],
    executor=dg.in_process_executor,  # a process for each step would double the seconds that a run takes
    resources={
        "source": pipeline.SourceFolder(path=str(WORLD / "source")),
        "database": HeldWarehouse(database=str(WORLD / "warehouse.duckdb")),
    },
)
