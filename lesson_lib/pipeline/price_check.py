"""The blocking price check: a file with a share_price of zero or less is imported, and not loaded."""

from collections.abc import Iterable

import dagster as dg

from .csv_faults import find_price_fault
from .source_files import SourceFile, UnreadableFile, build_fault_error

CHECK_NAME = "share_prices_are_positive"


def build_price_check_spec(asset: str) -> dg.AssetCheckSpec:
    """Return the check as the import asset of this name declares it."""
    return dg.AssetCheckSpec(
        CHECK_NAME,
        asset=asset,
        blocking=True,
        description="Every share_price is above zero; if not, the partition is not loaded.",
    )


def check_prices(files: Iterable[SourceFile], *, is_blocking: bool) -> dg.AssetCheckResult:
    """Return the outcome of the check for all files of a run.

    If it is blocking, Dagster stops before the load. Otherwise, the load refuses the bad files alone.
    """
    bad = [file for file in files if file.bad_prices]
    faults = "; ".join(f"{file.path.name}: {find_price_fault(file.path)}" for file in bad)
    keys = ", ".join(repr(file.key) for file in bad)
    next_move = f"Correct the file and materialize {keys} again; nothing is loaded until then."
    return dg.AssetCheckResult(
        check_name=CHECK_NAME,
        passed=not bad,
        severity=dg.AssetCheckSeverity.ERROR if is_blocking else dg.AssetCheckSeverity.WARN,
        description=f"{faults}. {next_move}" if bad else None,
        metadata={"files": [file.path.name for file in bad]},
    )


def build_price_error(file: SourceFile) -> UnreadableFile:
    """Return the error of a file with a share_price of zero or less."""
    return build_fault_error(file.key, file.path, str(find_price_fault(file.path)))
