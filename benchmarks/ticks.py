"""Ticks: the arrivals sensor on many files, and a simulated daemon."""

import os
from pathlib import Path

import dagster as dg
from tqdm import tqdm

from benchmarks.ours import PAIR, new_instance
from benchmarks.table import compare, note
from lesson_lib.classroom import simulate
from lesson_lib.pipeline import SourceFolder, Warehouse, arrivals_sensor, s3_partitions_def
from lesson_lib.pipeline.folder_scan import scan
from lesson_lib.pipeline.sensor.cursor import Cursor


def measure(folder: Path) -> None:
    """Print the rows of the table."""
    for number, limit in ((10_000, "ours 1 s"), (100_000, "ours 5 s")):
        arrivals = Arrivals(folder / f"{number}-files", number)
        for title, tick in (
            ("nothing is new", arrivals.nothing_new),
            ("the first 100 asked for", arrivals.first_hundred),
        ):
            about = f"a tick on {number:,} files, {title}, against a bare look"
            compare(about, limit, tick, arrivals.bare_look, pairs=5)
        note(f"its cursor of {number:,} files", len(arrivals.cursor) / 1e6, "MB")
    simulated = SimulatedTicks()
    compare(
        "a simulated tick that asks for 100 runs, against evaluating it",
        "ours 0.2 s",
        simulated.tick,
        simulated.bare_evaluation,
        pairs=15,
    )


class Arrivals:
    """A folder of many customers' files, and an instance that knows none of them, or all."""

    def __init__(self, folder: Path, number: int) -> None:
        """Make the files, last modified long ago, and register their keys in one of the instances."""
        folder.mkdir()
        self.source = SourceFolder(path=folder)
        keys = [f"customer-{number:06}" for number in range(number)]
        for key in tqdm(keys, desc=f"{number:,} files", leave=False, disable=None):
            path = folder / f"{key}.csv"
            path.write_text(
                "date,share_price,amount,spend,shift,spread\n2018/01/22,1.5,100,425.0,-0.5,0.01\n"
            )
            os.utime(path, (1e9, 1e9))
        self.empty, self.full = new_instance(), new_instance(keys)
        self.cursor = Cursor(done=tuple(file.digest for file in scan(folder).files.values())).to_json()

    def nothing_new(self) -> None:
        """Tick where all files are known."""
        self._tick(self.full, self.cursor)

    def first_hundred(self) -> None:
        """Tick where none is: it asks for the first hundred."""
        self._tick(self.empty, None)

    def _tick(self, instance: dg.DagsterInstance, cursor: str | None) -> None:
        with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
            arrivals_sensor(context, source=self.source)

    def bare_look(self) -> None:
        """Ask the system for the facts of every file."""
        with os.scandir(self.source.path) as entries:
            for entry in entries:
                entry.stat()


class SimulatedTicks:
    """A sensor that asks for the same hundred keys and runs at every tick."""

    def __init__(self) -> None:
        """Simulate a daemon for it."""
        self.instance = new_instance()
        keys = [f"customer-{number:03}" for number in range(100)]

        @dg.sensor(target=PAIR)
        def asking() -> dg.SensorResult:
            return dg.SensorResult(
                run_requests=[dg.RunRequest(partition_key=key, run_key=key) for key in keys],
                dynamic_partitions_requests=[s3_partitions_def.build_add_request(keys)],
                cursor="100",
            )

        resources = {"source": SourceFolder(path="."), "database": Warehouse(database=":memory:")}
        self.sensor = asking
        self.definitions = dg.Definitions(PAIR, sensors=[asking], resources=resources)
        self.simulator = simulate(asking, PAIR, self.instance, resources=resources)

    def tick(self) -> None:
        """Do all that a tick does, apart from the runs themselves, and draw it."""
        self.simulator.tick(run=False)._repr_html_()

    def bare_evaluation(self) -> None:
        """Let Dagster evaluate the sensor: it checks every request, and carries out none."""
        with dg.partition_loading_context(dynamic_partitions_store=self.instance):
            context = dg.build_sensor_context(self.instance, definitions=self.definitions)
            self.sensor.evaluate_tick(context)
