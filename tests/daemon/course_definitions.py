"""The course's pipeline as a daemon loads it, with files and a database beside the daemon's home folder."""

import os
import time
from pathlib import Path

import dagster as dg

from lesson_lib import pipeline
from lesson_lib.pipeline.sensor import build_arrivals_sensor

FOLDER = Path(os.environ["DAGSTER_HOME"]).parent
PAUSE_FILE = FOLDER / "pause"


class PausedSource(pipeline.SourceFolder):
    """A source folder that makes runs wait for their file while the file `pause` exists."""

    def find(self, key: str) -> Path:
        """Wait until the file `pause` is removed, and return the path of the key's file."""
        while PAUSE_FILE.exists():
            time.sleep(0.05)
        return super().find(key)


defs = dg.Definitions(
    assets=pipeline.defs.assets,
    asset_checks=pipeline.defs.asset_checks,
    jobs=pipeline.defs.jobs,
    sensors=[build_arrivals_sensor(settle_seconds=1, minimum_interval_seconds=1)],
    executor=dg.in_process_executor,  # a process for each step would make a run take twice as long
    resources={
        "source": PausedSource(path=str(FOLDER / "source")),
        "database": pipeline.Warehouse(database=str(FOLDER / "warehouse.duckdb")),
    },
)
