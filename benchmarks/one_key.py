"""One key: a million rows or eight, against DuckDB's bare COPY and against the source lesson."""

import shutil
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource

from benchmarks.ours import PAIR, new_instance
from benchmarks.source_lesson import source_lesson_assets
from benchmarks.table import compare
from lesson_lib.course_data import data_folder
from lesson_lib.pipeline import SourceFolder, Warehouse

MILLION = 1_000_000


def measure(folder: Path) -> None:
    """Print the rows of the table."""
    bench = Bench(folder)
    again = folder / "again.duckdb"
    bench.safe("large", assets=PAIR[:1])
    compare(
        "a million rows loaded, against DuckDB's bare COPY",
        "1.5",
        lambda: bench.safe("large", assets=PAIR[1:]),
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


class Bench:
    """One folder with a large and a small source file, one instance, and a fresh database for each load."""

    def __init__(self, folder: Path) -> None:
        """Make the files, and register their keys."""
        self.source = folder / "source"
        self.source.mkdir()
        shutil.copy(data_folder() / "source" / "acme.csv", self.source / "small.csv")
        make_large_file(self.source / "large.csv")
        self.instance = new_instance(["small", "large"])
        self.published = source_lesson_assets(self.source)
        self.databases = (folder / f"{number}.duckdb" for number in count())

    def safe(
        self, key: str, database: Path | None = None, assets: Sequence[dg.AssetsDefinition] = PAIR
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
