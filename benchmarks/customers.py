"""A folder of customers' files, and the time of several ways to load them, also in a new process."""

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

from benchmarks.customer_assets import create_instance, make_keys
from benchmarks.source_lesson import make_source_lesson_assets
from benchmarks.table import measure_seconds
from lesson_lib.pipeline import SourceFolder, Warehouse, backfill, s3_partitions_def

HEADER = "date,share_price,amount,spend,shift,spread\n"
EIGHT_ROWS = HEADER + "".join(f"2018/01/{day},20.5,100,2050.0,-0.5,0.01\n" for day in range(22, 30))


@dg.asset(partitions_def=s3_partitions_def)
def empty_import() -> None:
    """Do nothing instead of importing a file."""


@dg.asset(partitions_def=s3_partitions_def, deps=[empty_import])
def empty_table() -> None:
    """Do nothing instead of loading rows."""


class Customers:
    """A number of customers' files; each way of loading uses a new instance and a new database."""

    def __init__(self, folder: Path, number: int, clock: Callable[[], float] = time.perf_counter) -> None:
        """Create the files that do not exist yet; `clock` measures all times, in seconds."""
        folder.mkdir(exist_ok=True)
        self.clock = clock
        self.folder = folder
        self.keys = make_keys(number)
        self.paths = [folder / f"{key}.csv" for key in self.keys]
        for path in tqdm(self.paths, desc=f"{number:,} files", leave=False, disable=None):
            with suppress(FileExistsError), path.open("x") as file:
                file.write(EIGHT_ROWS)

    def time_backfill(self) -> tuple[float, float]:
        """Load all customers in one run with all checks, and again when no file has changed."""
        instance = create_instance(self.keys)
        with tempfile.TemporaryDirectory() as name:
            database, source = Warehouse(database=f"{name}/bench.duckdb"), SourceFolder(path=str(self.folder))

            def load() -> None:
                report = backfill(instance, source=source, database=database, progress=lambda *_: None)
                if report.refused:
                    raise RuntimeError(str(report))

            return self._measure(load), self._measure(load)

    def time_empty_assets(self) -> float:
        """Run two assets that do nothing, for all keys as one range."""
        ends = {
            "dagster/asset_partition_range_start": self.keys[0],
            "dagster/asset_partition_range_end": self.keys[-1],
        }
        instance = create_instance(self.keys)
        return self._measure(
            lambda: dg.materialize([empty_import, empty_table], instance=instance, tags=ends)
        )

    def time_one_run_per_key(self, number: int) -> float:
        """Load this number of customers as the source lesson does, each in its own run."""
        assets, instance = make_source_lesson_assets(self.folder), create_instance(self.keys)
        with tempfile.TemporaryDirectory() as name:
            resources = {"database": DuckDBResource(database=f"{name}/bench.duckdb")}

            def load() -> None:
                for key in self.keys[:number]:
                    dg.materialize(assets, partition_key=key, instance=instance, resources=resources)

            return self._measure(load)

    def time_duckdb(self) -> float:
        """Read all files into a table with DuckDB alone."""
        # DuckDB reads many small files faster if it finds the columns itself.
        with tempfile.TemporaryDirectory() as name, duckdb.connect(f"{name}/bench.duckdb") as con:
            query = f"create table raw_partition_data as select * from '{self.folder}/*.csv'"
            return self._measure(lambda: con.execute(query))

    def time_hashing(self) -> float:
        """Compute the hash of every file."""
        return self._measure(lambda: [sha256(path.read_bytes()).digest() for path in self.paths])

    def _measure(self, work: Callable[[], object]) -> float:
        return measure_seconds(work, self.clock)


def warm_up(folder: Path) -> None:
    """Load one customer in every way, because the first load of a process takes longer than later ones."""
    customers = Customers(folder / "one-customer", 1)
    customers.time_backfill()
    customers.time_empty_assets()
    customers.time_one_run_per_key(1)
    customers.time_duckdb()


@dataclass(frozen=True)
class Measurement:
    """Processor seconds of each call, and the peak memory of the process in MB."""

    seconds: Sequence[float]
    megabytes: float


def measure_in_new_process(way: str, folder: Path, number: int) -> Measurement:
    """Load this number of customers by `backfill`, `empty assets` or `DuckDB`, in a new process."""
    code = f"from benchmarks.customers import print_measurement as p; p({way!r}, {str(folder)!r}, {number})"
    process = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE)
    return Measurement(**json.loads(process.stdout.splitlines()[-1]))


def print_measurement(way: str, folder: str, number: int) -> None:
    """Load customers, and print the measurement as JSON for `measure_in_new_process`."""
    warm_up(Path(folder).parent)
    customers = Customers(Path(folder), number, time.process_time)
    ways: dict[str, Callable[[], Sequence[float]]] = {
        "backfill": customers.time_backfill,
        "empty assets": lambda: [customers.time_empty_assets()],
        "DuckDB": lambda: [customers.time_duckdb()],
    }
    print(json.dumps({"seconds": ways[way](), "megabytes": read_peak_memory()}))


def read_peak_memory() -> float:
    """Return the peak memory of this process in MB."""
    # On Linux, ru_maxrss starts with the peak of the process that started this one.
    with suppress(FileNotFoundError):
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # bytes, on macOS
