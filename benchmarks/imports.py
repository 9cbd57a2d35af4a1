"""The time to import the library."""

import subprocess
import sys
from pathlib import Path

from benchmarks.table import compare


def measure(_folder: Path) -> None:
    """Print the row of the table."""
    compare(
        "import lesson_lib after dagster, duckdb and pandas, against without it",
        "1.1",
        lambda: run_python("import dagster, duckdb, pandas, lesson_lib"),
        lambda: run_python("import dagster, duckdb, pandas"),
        pairs=9,
    )


def run_python(code: str) -> None:
    """Run code in a new process."""
    subprocess.run([sys.executable, "-c", code], check=True)
