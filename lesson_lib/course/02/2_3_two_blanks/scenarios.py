"""Exercise 2.3: a load with two placeholders, for a bound key."""

from typing import Any

import duckdb

from lesson_lib.classroom.exercises.exercise import NoAnswer, Scenario
from lesson_lib.classroom.exercises.sandbox import Sandbox
from lesson_lib.course import reloading as reload
from lesson_lib.course.customer_files import CUSTOMERS, EXCHANGE

_COLUMNS = (
    "date date, share_price double, amount double, spend double, shift double, spread double, "
    "partition_key varchar"
)


def _load_with(sandbox: Sandbox, answer: Any, key: str) -> None:  # noqa: ANN401 - any value that a learner gives
    """Load a key with the learner's function into an existing table."""
    if not callable(answer):
        raise NoAnswer('Give check your function, by its name and without brackets: check("2.3", my_load).')
    sandbox.connection  # noqa: B018 - stays open from here on
    with duckdb.connect(sandbox.lab.database) as con:
        con.execute(f"create table if not exists raw_partition_data ({_COLUMNS})")
        answer(con, key, str(sandbox.lab.source / f"{key}.csv"))


def _scenario(happening: reload.Happening, source: reload.Source = CUSTOMERS) -> Scenario:
    return reload.scenario(happening, source, _load_with)


_loaded_again = _scenario(reload.loaded_three_times)

SCENARIOS = (
    _scenario(reload.named_after_a_day, EXCHANGE),
    _loaded_again,
    _scenario(reload.corrected),
    _scenario(reload.with_two_values_swapped),
    _scenario(reload.beside_another),
    _scenario(reload.beside_lookalikes),
    _scenario(reload.with_an_apostrophe),
    _scenario(reload.with_sql_in_the_key),
)
EVIDENCE = {
    "deleting-by-date-is-enough": "After two loads, just the rows of other days are there twice.",
    "loading-twice-is-harmless": "Each row is there once for each load, and no statement removes rows.",
    "loading-what-is-new-is-enough": "Rows of the first file are left, beside all new ones or none.",
    "emptying-the-table-is-enough": "The rows of a key that no file has are gone as well.",
    "any-comparison-finds-a-key": "Some lookalikes lose the same rows that others keep.",
    "quotes-make-a-key-safe": _loaded_again,
}
