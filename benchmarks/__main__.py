"""Print what things cost, beside what they are measured against: `make bench`, or some of it by name.

    python -m benchmarks                    all of the table
    python -m benchmarks ticks backfills    those rows alone
    python -m benchmarks costs              the table of README.md, in Markdown

Each pair is timed in turn, A B A B, so that both meet the same machine; the ratio is the median of the pairs.
"""

import logging
import sys
import tempfile
from pathlib import Path

from benchmarks import backfills, costs, imports, many_keys, one_key, ticks
from benchmarks.table import head

ROWS = {
    "one_key": one_key.measure,
    "many_keys": many_keys.measure,
    "ticks": ticks.measure,
    "backfills": backfills.measure,
    "imports": imports.measure,
}


def main() -> None:
    """Print the table, or the rows that are named."""
    names = sys.argv[1:] or list(ROWS)
    if unknown := [name for name in names if name not in (*ROWS, "costs")]:
        sys.exit(f"Nothing here is named {', '.join(unknown)}. There are {', '.join(ROWS)}, and costs.")
    logging.disable(logging.INFO)  # the log of each tick would disturb the table
    with tempfile.TemporaryDirectory(prefix="lesson-bench-") as folder:
        if names == ["costs"]:
            costs.measure(Path(folder))
            return
        head()
        for name in names:
            ROWS[name](Path(folder))


if __name__ == "__main__":
    main()
