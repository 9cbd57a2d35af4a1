"""The blocking price check: a file with a share_price of zero or less is imported, and not loaded."""

from collections.abc import Iterable

import dagster as dg

from .csv_faults import first_fault, price_fault
from .source_files import SourceFile

CHECK_NAME = "share_prices_are_positive"


def price_check_spec(asset: str) -> dg.AssetCheckSpec:
    """Return the check as an import asset of this name declares it."""
    return dg.AssetCheckSpec(
        CHECK_NAME,
        asset=asset,
        blocking=True,
        description="Every share_price is above zero; if not, the partition is not loaded.",
    )


def price_check_result(files: Iterable[SourceFile]) -> dg.AssetCheckResult:
    """Return the outcome of the check for all files of a run."""
    bad = [file for file in files if file.bad_prices]
    found = "; ".join(f"{file.path.name}: {first_fault(file.path, price_fault)}" for file in bad)
    keys = ", ".join(repr(file.key) for file in bad)
    return dg.AssetCheckResult(
        check_name=CHECK_NAME,
        passed=not bad,
        description=f"{found}. Correct the file and materialize {keys} again; nothing is loaded until then."
        if bad
        else None,
        metadata={"files": [file.path.name for file in bad]},
    )
