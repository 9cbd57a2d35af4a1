"""Exercise 2.3: a load with two placeholders, for a bound key."""

import shutil
from dataclasses import replace
from typing import Any

import duckdb

from lesson_lib.classroom.exercises.exercise import NoAnswer, Scenario
from lesson_lib.classroom.exercises.sandbox import Sandbox
from lesson_lib.course import reloading as reload
from lesson_lib.course.csv_source import Source
from lesson_lib.course.customer_files import CUSTOMERS, EXCHANGE

_COLUMNS = (
    "date date, share_price double, amount double, spend double, shift double, spread double, "
    "partition_key varchar"
)


# Rows without a day or other values, of the far past and future, and with negative numbers.
_UNUSUAL_ROWS = """\
1893/09/11,10.00,-3359729,-33597290.00,0.00,0.01
2093/09/11,,,,,
,67.30,9400,632620.00,0.00,0.02
"""
_SOURCE = replace(
    CUSTOMERS,
    long=CUSTOMERS.long + _UNUSUAL_ROWS,
    swapped=CUSTOMERS.swapped + _UNUSUAL_ROWS,
    other_file=CUSTOMERS.other_file + _UNUSUAL_ROWS,
)
# A pattern that does not match itself, a comma, a quote of DuckDB's, and a space at the end.
_UNUSUAL_KEY = "acme[2],$$ "


def _load_with(sandbox: Sandbox, answer: Any, key: str) -> None:  # noqa: ANN401 - any value that a learner gives
    """Load a key with the learner's function into an existing table."""
    if not callable(answer):
        raise NoAnswer('Pass your function by its name, without parentheses: check("2.3", my_load).')
    sandbox.connection  # noqa: B018 - stays open from here on
    with duckdb.connect(sandbox.lab.database) as con:
        con.execute(f"create table if not exists raw_partition_data ({_COLUMNS})")
        file = sandbox.lab.folder / "arrived.csv"  # read_csv takes brackets in a name for a pattern
        shutil.copyfile(sandbox.lab.source / f"{key}.csv", file)
        answer(con, key, str(file))


def _scenario(check: reload.Check, source: Source = _SOURCE) -> Scenario:
    return reload.scenario(check, source, _load_with)


_load_three_times = _scenario(reload.check_three_loads, EXCHANGE)

SCENARIOS = (
    _load_three_times,
    _scenario(reload.check_correction),
    _scenario(reload.check_swapped_values, replace(_SOURCE, key=_UNUSUAL_KEY)),
    _scenario(reload.check_other_key, replace(_SOURCE, key="7", other_key="007")),
    _scenario(reload.check_lookalikes),
    _scenario(reload.check_apostrophe),
    _scenario(reload.check_sql_in_key),
)
EVIDENCE = {
    "deleting-by-date-is-enough": "The rows of other days are there once for each load.",
    "loading-twice-is-harmless": "Each row is there once for each load, and no statement removes rows.",
    "loading-what-is-new-is-enough": "Rows of the first file are left, beside all new ones or none.",
    "emptying-the-table-is-enough": "The rows of a key that no file has are gone as well.",
    "any-comparison-finds-a-key": "Some lookalikes lose the same rows that others keep.",
    "quotes-make-a-key-safe": _load_three_times,
}
