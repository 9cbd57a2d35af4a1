"""Ticks of the arrivals sensor on many files, and of a simulated daemon."""

import os
from pathlib import Path

import dagster as dg
from tqdm import tqdm

from benchmarks.customer_assets import PAIR, create_instance, make_keys
from benchmarks.table import compare, print_value
from lesson_lib.classroom import simulate
from lesson_lib.pipeline import SourceFolder, Warehouse, arrivals_sensor, s3_partitions_def
from lesson_lib.pipeline.folder_scan import scan
from lesson_lib.pipeline.sensor.cursor import Cursor


def measure(folder: Path) -> None:
    """Print the rows of the table."""
    for number, limit in ((10_000, "ours 1 s"), (100_000, "ours 5 s")):
        arrivals = Arrivals(folder / f"{number}-files", number)
        for title, tick in (
            ("nothing is new", arrivals.tick_without_news),
            ("the first 100 requested", arrivals.tick_with_news),
        ):
            compared = f"a tick on {number:,} files, {title}, against os.scandir"
            compare(compared, limit, tick, arrivals.scan, pairs=5)
        print_value(f"its cursor of {number:,} files", len(arrivals.cursor) / 1e6, "MB")
    daemon = SimulatedDaemon()
    compare(
        "a simulated tick that requests 100 runs, against only evaluating it",
        "ours 0.2 s",
        daemon.tick,
        daemon.evaluate,
        pairs=15,
    )


class Arrivals:
    """A folder of many customers' files, and two instances, of which one knows all keys and one none."""

    def __init__(self, folder: Path, number: int) -> None:
        """Create the files with an old modification time, and register their keys in one instance."""
        folder.mkdir()
        self.source = SourceFolder(path=str(folder))
        keys = make_keys(number)
        for key in tqdm(keys, desc=f"{number:,} files", leave=False, disable=None):
            path = folder / f"{key}.csv"
            path.write_text(
                "date,share_price,amount,spend,shift,spread\n2018/01/22,1.5,100,425.0,-0.5,0.01\n"
            )
            os.utime(path, (1e9, 1e9))
        self.empty, self.full = create_instance(), create_instance(keys)
        self.cursor = Cursor(done=tuple(file.digest for file in scan(folder).files.values())).to_json()

    def tick_without_news(self) -> None:
        """Evaluate the sensor when all files are known."""
        self._evaluate(self.full, self.cursor)

    def tick_with_news(self) -> None:
        """Evaluate the sensor when no file is known, so that it requests the first 100."""
        self._evaluate(self.empty, None)

    def _evaluate(self, instance: dg.DagsterInstance, cursor: str | None) -> None:
        with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
            arrivals_sensor(context, source=self.source)

    def scan(self) -> None:
        """Read the attributes of every file with the operating system's calls alone."""
        with os.scandir(self.source.path) as entries:
            for entry in entries:
                entry.stat()


class SimulatedDaemon:
    """A simulated daemon for a sensor that requests the same 100 keys and runs at every tick."""

    def __init__(self) -> None:
        """Create the sensor, its daemon and its instance."""
        self.instance = create_instance()
        keys = [f"customer-{number:03}" for number in range(100)]

        @dg.sensor(target=PAIR)
        def hundred_keys_sensor() -> dg.SensorResult:
            return dg.SensorResult(
                run_requests=[dg.RunRequest(partition_key=key, run_key=key) for key in keys],
                dynamic_partitions_requests=[s3_partitions_def.build_add_request(keys)],
                cursor="100",
            )

        resources = {"source": SourceFolder(path="."), "database": Warehouse(database=":memory:")}
        self.sensor = hundred_keys_sensor
        self.definitions = dg.Definitions(PAIR, sensors=[hundred_keys_sensor], resources=resources)
        self.simulator = simulate(hundred_keys_sensor, PAIR, self.instance, resources=resources)

    def tick(self) -> None:
        """Run a tick without executing its runs, and draw its board."""
        self.simulator.tick(run=False)._repr_html_()

    def evaluate(self) -> None:
        """Let Dagster evaluate the sensor, which checks every request and executes none."""
        with dg.partition_loading_context(dynamic_partitions_store=self.instance):
            context = dg.build_sensor_context(self.instance, definitions=self.definitions)
            self.sensor.evaluate_tick(context)
