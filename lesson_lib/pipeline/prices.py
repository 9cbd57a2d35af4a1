"""The blocking price check: a file with a share_price of zero or less is imported, and not loaded."""

import functools
from collections.abc import Iterable

import dagster as dg
import duckdb

from lesson_lib.pipeline.csv_rules import first_fault, glob_escaped, price_fault, read_csv_sql, reading_fault
from lesson_lib.pipeline.source_files import SourceFile, unreadable

CHECK_NAME = "share_prices_are_positive"


def price_check_spec(asset: str) -> dg.AssetCheckSpec:
    """Return the check as an import asset of this name declares it."""
    return dg.AssetCheckSpec(
        CHECK_NAME,
        asset=asset,
        blocking=True,
        description="Every share_price is above zero; if not, the partition is not loaded.",
    )


def count_prices(file: SourceFile) -> tuple[int, int]:
    """Return how many rows a file has, and in how many of them the share_price is zero or less.

    Raises:
        UnreadableFile: a row has too few or too many values, or a share_price that is no number.
    """
    query = f"SELECT count(*), count_if(share_price <= 0) FROM {read_csv_sql(file.header)}"
    try:
        row = _memory().cursor().execute(query, [glob_escaped(file.path)]).fetchone()
    except duckdb.Error as error:
        fault = reading_fault(file.path) or f"DuckDB cannot read it ({error})"
        raise unreadable(file.key, file.path, fault) from error
    return row or (0, 0)


@functools.cache
def _memory() -> duckdb.DuckDBPyConnection:
    # Starting DuckDB takes longer than reading a small file: one without tables serves every import.
    return duckdb.connect(":memory:")


def price_check_result(bad: Iterable[SourceFile]) -> dg.AssetCheckResult:
    """Return the outcome for a run, given its files with prices of zero or less."""
    faults = {file.path.name: f"{first_fault(file.path, price_fault)}" for file in bad}
    told = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
    return dg.AssetCheckResult(
        check_name=CHECK_NAME,
        passed=not faults,
        description=f"{told}. Correct the file and materialize again; nothing is loaded until then."
        if faults
        else None,
        metadata={"files": list(faults)},
    )
