"""What it takes to import the library."""

import subprocess
import sys
from pathlib import Path

from benchmarks.table import compare


def measure(_folder: Path) -> None:
    """Print the row of the table."""
    compare(
        "import lesson_lib beside dagster, duckdb, pandas, or not",
        "1.1",
        lambda: run_python("import dagster, duckdb, pandas, lesson_lib"),
        lambda: run_python("import dagster, duckdb, pandas"),
        pairs=9,
    )


def run_python(code: str) -> None:
    """Run code in a Python of its own."""
    subprocess.run([sys.executable, "-c", code], check=True)
