"""Print what things cost, beside what they are measured against: `make bench`.

Each pair is timed in turn, A B A B, so that both meet the same machine; the ratio is the median of the pairs.
"""

import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from tqdm import tqdm

from benchmarks.source_lesson import source_lesson_assets
from lesson_lib.classroom import simulate, three_records
from lesson_lib.course_data import data_folder
from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    arrivals_sensor,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
    register_keys,
    s3_partitions_def,
)
from lesson_lib.pipeline.arrivals import Cursor, scan

MILLION = 1_000_000
SAFE = (import_dynamic_partition_file, duckdb_dynamic_partition_table)
QUIET = {"python_logs": {"python_log_level": "CRITICAL"}}


class Bench:
    """One folder with a large and a small source file, one instance, and a fresh database for each load."""

    def __init__(self, folder: Path) -> None:
        """Make the files, and register their keys."""
        self.source = folder / "source"
        self.source.mkdir()
        shutil.copy(data_folder() / "source" / "acme.csv", self.source / "small.csv")
        make_large_file(self.source / "large.csv")
        self.instance = dg.DagsterInstance.ephemeral(settings=QUIET)
        register_keys(self.instance, ["small", "large"])
        self.published = source_lesson_assets(self.source)
        self.databases = (folder / f"{number}.duckdb" for number in count())

    def safe(
        self, key: str, database: Path | None = None, assets: Sequence[dg.AssetsDefinition] = SAFE
    ) -> None:
        """Load one key with both assets of the library, or some."""
        dg.materialize(
            assets,
            partition_key=key,
            instance=self.instance,
            resources={
                "source": SourceFolder(path=str(self.source)),
                "database": Warehouse(database=str(database or next(self.databases))),
            },
        )

    def source_lesson(self, key: str) -> None:
        """Load one key with both assets of the source lesson."""
        resources = {"database": DuckDBResource(database=str(next(self.databases)))}
        dg.materialize(self.published, partition_key=key, instance=self.instance, resources=resources)

    def bare_copy(self) -> None:
        """Copy the large file into a new table of a new database, by DuckDB alone."""
        with duckdb.connect(str(next(self.databases))) as con:
            con.execute(
                "create table raw_partition_data (date date, share_price double, amount double, "
                "spend double, shift double, spread double)"
            )
            con.execute(f"copy raw_partition_data from '{self.source / 'large.csv'}'")


class ManyKeys:
    """Ten thousand keys: registered, materialized, and with rows."""

    def __init__(self, database: Path) -> None:
        """Write all three records, without running anything."""
        self.database = database
        self.instance = dg.DagsterInstance.ephemeral(settings=QUIET)
        keys = [f"customer-{number:05}" for number in range(10_000)]
        register_keys(self.instance, keys)
        for key in tqdm(keys, desc="10,000 keys", leave=False):
            event = dg.AssetMaterialization(duckdb_dynamic_partition_table.key, partition=key)
            self.instance.report_runless_asset_event(event)
        with duckdb.connect(str(database)) as con:
            con.execute(
                "create table raw_partition_data as "
                "select format('customer-{:05}', i // 10) as partition_key from range(100_000) as numbers(i)"
            )

    def three_records(self) -> None:
        """Ask for them, and draw them."""
        three_records(self.instance, duckdb_dynamic_partition_table, self.database)._repr_html_()

    def bare_queries(self) -> None:
        """Ask Dagster and DuckDB for the same, by their own calls."""
        self.instance.get_dynamic_partitions("s3")
        self.instance.get_materialized_partitions(duckdb_dynamic_partition_table.key)
        with duckdb.connect(str(self.database)) as con:
            con.execute("select partition_key, count(*) from raw_partition_data group by all").fetchall()


class Arrivals:
    """A folder of many customers' files, and an instance that knows none of them, or all."""

    def __init__(self, folder: Path, number: int) -> None:
        """Make the files, last modified long ago, and register their keys in one of the instances."""
        folder.mkdir()
        self.source = SourceFolder(path=folder)
        keys = [f"customer-{number:06}" for number in range(number)]
        for key in tqdm(keys, desc=f"{number:,} files", leave=False):
            path = folder / f"{key}.csv"
            path.write_text(
                "date,share_price,amount,spend,shift,spread\n2018/01/22,1.5,100,425.0,-0.5,0.01\n"
            )
            os.utime(path, (1e9, 1e9))
        self.empty, self.full = (dg.DagsterInstance.ephemeral(settings=QUIET) for _ in range(2))
        register_keys(self.full, keys)
        self.cursor = Cursor(done=tuple(file.word for file in scan(folder).files.values())).to_json()

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
        self.instance = dg.DagsterInstance.ephemeral(settings=QUIET)
        keys = [f"customer-{number:03}" for number in range(100)]

        @dg.sensor(target=SAFE)
        def asking() -> dg.SensorResult:
            return dg.SensorResult(
                run_requests=[dg.RunRequest(partition_key=key, run_key=key) for key in keys],
                dynamic_partitions_requests=[s3_partitions_def.build_add_request(keys)],
                cursor="100",
            )

        resources = {"source": SourceFolder(path="."), "database": Warehouse(database=":memory:")}
        self.sensor = asking
        self.definitions = dg.Definitions(SAFE, sensors=[asking], resources=resources)
        self.simulator = simulate(asking, SAFE, self.instance, resources=resources)

    def tick(self) -> None:
        """Do all that a tick does, apart from the runs themselves, and draw it."""
        self.simulator.tick(run=False)._repr_html_()

    def bare_evaluation(self) -> None:
        """Let Dagster evaluate the sensor: it checks every request, and carries out none."""
        with dg.partition_loading_context(dynamic_partitions_store=self.instance):
            context = dg.build_sensor_context(self.instance, definitions=self.definitions)
            self.sensor.evaluate_tick(context)


def run_python(code: str) -> None:
    """Run code in a Python of its own."""
    subprocess.run([sys.executable, "-c", code], check=True)


def make_large_file(path: Path) -> None:
    """Write a million rows like the course's own."""
    duckdb.execute("select setseed(0.5)")
    duckdb.execute(
        f"""
        copy (
            select strftime(date '2017-01-02' + (i % 250)::int, '%Y/%m/%d') as date,
                   round(20 + random() * 100, 2) as share_price, (random() * 1e6)::bigint as amount,
                   round(random() * 1e7, 2) as spend, round(random() * 10 - 5, 2) as shift,
                   round(random() / 5, 2) as spread
            from range({MILLION}) as numbers(i)
        ) to '{path}' (header)
        """
    )


def seconds(work: Callable[[], None]) -> float:
    """Return how long the work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(
    title: str, limit: str, work: Callable[[], None], against: Callable[[], None], pairs: int
) -> None:
    """Time the two in turn, and print a row of the table; `limit` is what the ratio shall not exceed."""
    work(), against()
    timed = [(seconds(work), seconds(against)) for _ in range(pairs)]
    ours, theirs = (statistics.median(times) for times in zip(*timed, strict=True))
    ratios = sorted(a / b for a, b in timed)
    ratio = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    print(f"{title:<62} {ours:>7.3f} s {theirs:>7.3f} s   {ratio:<22} {limit}", flush=True)


def main() -> None:
    """Print the table."""
    logging.disable(logging.INFO)  # a tick tells what it saw, and the table shows what that costs
    with tempfile.TemporaryDirectory(prefix="lesson-bench-") as name:
        bench = Bench(Path(name))
        again = Path(name) / "again.duckdb"
        print(f"{'':<62} {'ours':>9} {'theirs':>9}   {'ratio (min to max)':<22} limit")
        bench.safe("large", assets=SAFE[:1])
        compare(
            "a million rows loaded, against DuckDB's bare COPY",
            "1.5",
            lambda: bench.safe("large", assets=SAFE[1:]),
            bench.bare_copy,
            pairs=15,
        )
        compare(
            "imported and loaded, against the same COPY",
            "",
            lambda: bench.safe("large"),
            bench.bare_copy,
            pairs=15,
        )
        compare(
            "imported and loaded again, over the rows of before",
            "",
            lambda: bench.safe("large", again),
            bench.bare_copy,
            pairs=9,
        )
        compare(
            "eight rows, against the source lesson's two assets",
            "1.2",
            lambda: bench.safe("small"),
            lambda: bench.source_lesson("small"),
            pairs=41,
        )
        many = ManyKeys(Path(name) / "many.duckdb")
        compare(
            "three_records of 10,000 keys and its HTML, against the queries",
            "",
            many.three_records,
            many.bare_queries,
            pairs=15,
        )
        for number, limit in ((10_000, "ours 1 s"), (100_000, "ours 5 s")):
            arrivals = Arrivals(Path(name) / f"{number}-files", number)
            for title, tick in (
                ("nothing is new", arrivals.nothing_new),
                ("the first 100 asked for", arrivals.first_hundred),
            ):
                row = f"a tick on {number:,} files, {title}, against a bare look"
                compare(row, limit, tick, arrivals.bare_look, pairs=5)
            print(
                f"{f'its cursor of {number:,} files, in MB':<62} {len(arrivals.cursor) / 1e6:>7.3f}",
                flush=True,
            )
    simulated = SimulatedTicks()
    compare(
        "a simulated tick that asks for 100 runs, against evaluating it",
        "ours 0.2 s",
        simulated.tick,
        simulated.bare_evaluation,
        pairs=15,
    )
    compare(
        "import lesson_lib beside dagster, duckdb, pandas, or not",
        "1.1",
        lambda: run_python("import dagster, duckdb, pandas, lesson_lib"),
        lambda: run_python("import dagster, duckdb, pandas"),
        pairs=9,
    )


if __name__ == "__main__":
    main()
