"""Compare the library with its alternatives, and print a table: `make bench`.

    python -m benchmarks                    the whole table
    python -m benchmarks ticks backfills    only these parts
    python -m benchmarks costs              the table of README.md, in Markdown

The two measurements of a pair alternate, A B A B, so that other work of the machine affects both. Each ratio
is the median over all pairs.
"""

import logging
import sys
import tempfile
from pathlib import Path

from benchmarks import backfills, costs, exercises, imports, many_keys, one_key, ticks
from benchmarks.table import print_header

PARTS = {
    "one_key": one_key.measure,
    "many_keys": many_keys.measure,
    "ticks": ticks.measure,
    "backfills": backfills.measure,
    "imports": imports.measure,
    "exercises": exercises.measure,
}


def main() -> None:
    """Print the table, or the parts that the arguments name."""
    names = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in names if name not in (*PARTS, "costs")]:
        sys.exit(f"There is no benchmark {', '.join(unknown)}. There are {', '.join(PARTS)}, and costs.")
    logging.disable(logging.INFO)  # the log of each tick would disturb the table
    with tempfile.TemporaryDirectory(prefix="lesson-bench-") as folder:
        if names == ["costs"]:
            costs.measure(Path(folder))
            return
        print_header()
        for name in names:
            PARTS[name](Path(folder))


if __name__ == "__main__":
    main()
