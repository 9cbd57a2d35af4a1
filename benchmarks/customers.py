"""A folder of customers' files, and the ways to load them, also in a Python of their own."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from tqdm import tqdm

from benchmarks.ours import new_instance
from benchmarks.source_lesson import source_lesson_assets
from benchmarks.table import seconds
from lesson_lib.pipeline import SourceFolder, Warehouse, backfill, s3_partitions_def

HEADER = "date,share_price,amount,spend,shift,spread\n"
EIGHT_ROWS = HEADER + "".join(f"2018/01/{day},20.5,100,2050.0,-0.5,0.01\n" for day in range(22, 30))


@dg.asset(partitions_def=s3_partitions_def)
def empty_import() -> None:
    """Do nothing in the place of the import."""


@dg.asset(partitions_def=s3_partitions_def, deps=[empty_import])
def empty_table() -> None:
    """Do nothing in the place of the load."""


class Customers:
    """So many customers' files; each way of loading starts with an instance and a database of its own."""

    def __init__(self, folder: Path, number: int, clock: Callable[[], float] = time.perf_counter) -> None:
        """Make the files that are not there yet; all times are taken by this clock."""
        folder.mkdir(exist_ok=True)
        self.clock = clock
        self.folder = folder
        self.keys = [f"customer-{number:06}" for number in range(number)]
        self.paths = [folder / f"{key}.csv" for key in self.keys]
        for path in tqdm(self.paths, desc=f"{number:,} files", leave=False, disable=None):
            with suppress(FileExistsError), path.open("x") as file:
                file.write(EIGHT_ROWS)

    def backfill(self) -> tuple[float, float]:
        """Load all in one run, with every check on; then once more, where nothing has changed."""
        instance = new_instance(self.keys)
        with tempfile.TemporaryDirectory() as name:
            database, source = Warehouse(database=f"{name}/bench.duckdb"), SourceFolder(path=str(self.folder))

            def load() -> None:
                done = backfill(instance, source=source, database=database, progress=lambda *_: None)
                if done.refused:
                    raise RuntimeError(str(done))

            return self._seconds(load), self._seconds(load)

    def floor(self) -> float:
        """Let Dagster run two assets that do nothing, for all keys as one range."""
        ends = {
            "dagster/asset_partition_range_start": self.keys[0],
            "dagster/asset_partition_range_end": self.keys[-1],
        }
        instance = new_instance(self.keys)
        return self._seconds(
            lambda: dg.materialize([empty_import, empty_table], instance=instance, tags=ends)
        )

    def one_run_a_key(self, number: int) -> float:
        """Load the first keys as the source lesson does, each in a run of its own."""
        assets, instance = source_lesson_assets(self.folder), new_instance(self.keys)
        with tempfile.TemporaryDirectory() as name:
            resources = {"database": DuckDBResource(database=f"{name}/bench.duckdb")}

            def load() -> None:
                for key in self.keys[:number]:
                    dg.materialize(assets, partition_key=key, instance=instance, resources=resources)

            return self._seconds(load)

    def bare(self) -> float:
        """Read all files into a table, by DuckDB alone."""
        # Its own guess from the first files reads many small ones faster than columns that are spelled out.
        with tempfile.TemporaryDirectory() as name, duckdb.connect(f"{name}/bench.duckdb") as con:
            query = f"create table raw_partition_data as select * from '{self.folder}/*.csv'"
            return self._seconds(lambda: con.execute(query))

    def hashed(self) -> float:
        """Take the fingerprint of every file."""
        return self._seconds(lambda: [sha256(path.read_bytes()).digest() for path in self.paths])

    def _seconds(self, work: Callable[[], object]) -> float:
        return seconds(work, self.clock)


def warm_up(folder: Path) -> None:
    """Load one customer in every way: the first load of a process takes longer than all later ones."""
    customers = Customers(folder / "one-customer", 1)
    customers.backfill(), customers.floor(), customers.one_run_a_key(1), customers.bare()


@dataclass(frozen=True)
class Alone:
    """What a way took in a Python of its own: seconds of the processor for each call, and MB at most."""

    seconds: Sequence[float]
    megabytes: float


def alone(way: str, folder: Path, number: int) -> Alone:
    """Load so many customers by `backfill`, `floor` or `bare`, in a Python of its own."""
    code = f"from benchmarks.customers import report; report({way!r}, {str(folder)!r}, {number})"
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE)
    return Alone(**json.loads(done.stdout.splitlines()[-1]))


def report(way: str, folder: str, number: int) -> None:
    """Print what `alone` is to return."""
    warm_up(Path(folder).parent)
    customers = Customers(Path(folder), number, time.process_time)
    ways: dict[str, Callable[[], Sequence[float]]] = {
        "backfill": customers.backfill,
        "floor": lambda: [customers.floor()],
        "bare": lambda: [customers.bare()],
    }
    took = ways[way]()
    print(json.dumps({"seconds": took, "megabytes": peak_memory()}))


def peak_memory() -> float:
    """Return how many MB this process has held at most."""
    # On Linux, ru_maxrss starts with the peak of the process that started this one.
    with suppress(FileNotFoundError):
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # bytes, on macOS
