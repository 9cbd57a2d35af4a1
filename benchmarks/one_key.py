"""One key with a million or eight rows, against DuckDB's COPY, the source lesson, and a DuckDB file."""

import shutil
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource

from benchmarks.customer_assets import PAIR, create_instance
from benchmarks.source_lesson import make_source_lesson_assets
from benchmarks.table import compare
from lesson_lib.course_data import data_folder
from lesson_lib.pipeline import ParquetLake, SourceFolder, Warehouse
from lesson_lib.pipeline.warehouse import RowStore

MILLION = 1_000_000


def measure(folder: Path) -> None:
    """Print the rows of the table."""
    bench = Bench(folder)
    reloaded = folder / "reloaded.duckdb"
    bench.load("large", assets=PAIR[:1])
    compare(
        "a million rows loaded, against DuckDB's COPY alone",
        "1.5",
        lambda: bench.load("large", assets=PAIR[1:]),
        bench.copy_with_duckdb,
        pairs=15,
    )
    compare(
        "imported and loaded, against the same COPY",
        "",
        lambda: bench.load("large"),
        bench.copy_with_duckdb,
        pairs=15,
    )
    compare(
        "imported and loaded again, which replaces the rows",
        "",
        lambda: bench.load("large", reloaded),
        bench.copy_with_duckdb,
        pairs=9,
    )
    compare(
        "eight rows, against the source lesson's two assets",
        "1.2",
        lambda: bench.load("small"),
        lambda: bench.load_as_source_lesson("small"),
        pairs=41,
    )
    for rows, key, pairs in (("eight rows", "small", 41), ("a million rows", "large", 9)):
        compare(
            f"{rows} into a Parquet file, against a DuckDB file",
            "",
            partial(bench.load_into_lake, key),
            partial(bench.load, key),
            pairs=pairs,
        )


class Bench:
    """A folder with a large and a small source file, an instance, and a new database for each load."""

    def __init__(self, folder: Path) -> None:
        """Create the files, and register their keys."""
        self.source = folder / "source"
        self.source.mkdir()
        shutil.copy(data_folder() / "source" / "acme.csv", self.source / "small.csv")
        make_large_file(self.source / "large.csv")
        self.instance = create_instance(["small", "large"])
        self.published = make_source_lesson_assets(self.source)
        self.databases = (folder / f"{number}.duckdb" for number in count())

    def load(
        self, key: str, database: Path | None = None, assets: Sequence[dg.AssetsDefinition] = PAIR
    ) -> None:
        """Load one key with the assets of the library, into a new database unless one is given."""
        self._load(key, Warehouse(database=str(database or next(self.databases))), assets)

    def load_into_lake(self, key: str) -> None:
        """Load one key with the assets of the library, into a new lake."""
        self._load(key, ParquetLake(path=str(next(self.databases).with_suffix(""))), PAIR)

    def _load(self, key: str, database: RowStore, assets: Sequence[dg.AssetsDefinition]) -> None:
        resources = {"source": SourceFolder(path=str(self.source)), "database": database}
        dg.materialize(assets, partition_key=key, instance=self.instance, resources=resources)

    def load_as_source_lesson(self, key: str) -> None:
        """Load one key with both assets of the source lesson."""
        resources = {"database": DuckDBResource(database=str(next(self.databases)))}
        dg.materialize(self.published, partition_key=key, instance=self.instance, resources=resources)

    def copy_with_duckdb(self) -> None:
        """Copy the large file into a new table of a new database with DuckDB alone."""
        with duckdb.connect(str(next(self.databases))) as con:
            con.execute(
                "create table raw_partition_data (date date, share_price double, amount double, "
                "spend double, shift double, spread double)"
            )
            con.execute(f"copy raw_partition_data from '{self.source / 'large.csv'}'")


def make_large_file(path: Path) -> None:
    """Write a file with a million rows like those of the course's data."""
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
