"""Five ticks of a sensor that is only partly fixed, as exercise 3.6 shows them."""

import json
from pathlib import Path
from typing import Any

import dagster as dg

from lesson_lib.classroom.exercises.sandbox import open_sandbox
from lesson_lib.classroom.pages import read_code_block
from lesson_lib.classroom.simulator.tick_simulator import TickSimulator, simulate
from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    checked_key,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
    s3_partitions_def,
)


def five_ticks() -> TickSimulator:
    """Evaluate a sensor that is only partly fixed five times, while files arrive and change."""
    with open_sandbox() as sandbox:
        source, inbox = sandbox.lab.source, sandbox.lab.folder / "inbox"
        inbox.mkdir()
        customers = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
        resources = {
            "source": SourceFolder(path=str(inbox)),
            "database": Warehouse(database=str(sandbox.lab.database)),
        }
        daemon = simulate(
            _make_sensor(inbox, customers), customers, sandbox.instance, resources=resources, folder=inbox
        )

        def arrive(name: str, like: str, old: str = "", new: str = "") -> None:
            text = (source / like).read_text(encoding="utf-8").replace(old, new)
            (inbox / name).write_text(text, encoding="utf-8", newline="")

        for name in ("acme.csv", "bluebird.csv"):
            arrive(name, name)
        arrive("zenith.csv", "zenith.csv", ",96673,", ",n/a,")
        daemon.tick()
        daemon.tick()
        arrive("acme.csv", "acme.csv", "10.09", "10.0925")
        daemon.tick()
        arrive("globex...eu.csv", "globex.eu.csv")
        arrive("o'hare.csv", "o'hare.csv")
        daemon.tick()
        (inbox / "globex...eu.csv").rename(inbox / "globex.eu.csv")
        daemon.tick()
        return daemon


def _make_sensor(inbox: Path, customers: list[dg.AssetsDefinition]) -> dg.SensorDefinition:
    """Create the sensor from the text that the learner reads."""
    names: dict[str, Any] = {
        "Path": Path,
        "checked_key": checked_key,
        "customers": customers,
        "dg": dg,
        "inbox": inbox,
        "json": json,
        "s3_partitions_def": s3_partitions_def,
    }
    text = read_code_block(Path(__file__).parent / "03" / "3_6_tick_history" / "task.md", "python")
    exec(text, names)  # noqa: S102 - the course's own text
    sensor: dg.SensorDefinition = names["half_fixed"]
    return sensor
