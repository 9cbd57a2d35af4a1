"""The course's pipeline as a daemon loads it, on the files and the database beside the daemon's home."""

import os
import time
from pathlib import Path

import dagster as dg

from lesson_lib import pipeline
from lesson_lib.pipeline.sensor import build_arrivals_sensor

WORLD = Path(os.environ["DAGSTER_HOME"]).parent
HOLD = WORLD / "hold"


class HeldSource(pipeline.SourceFolder):
    """A source folder that finds no file while there is a file `hold`: runs stay where they are."""

    def find(self, key: str) -> Path:
        """Wait, and find the file."""
        while HOLD.exists():
            time.sleep(0.05)
        return super().find(key)


defs = dg.Definitions(
    assets=pipeline.defs.assets,
    asset_checks=pipeline.defs.asset_checks,
    jobs=pipeline.defs.jobs,
    sensors=[build_arrivals_sensor(settle_seconds=1, minimum_interval_seconds=1)],
    executor=dg.in_process_executor,  # a process for each step would double the seconds that a run takes
    resources={
        "source": HeldSource(path=str(WORLD / "source")),
        "database": pipeline.Warehouse(database=str(WORLD / "warehouse.duckdb")),
    },
)
