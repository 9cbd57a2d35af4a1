"""Exercise 2.4: an asset that can be materialized any number of times."""

from lesson_lib.classroom.exercises.exercise import Scenario
from lesson_lib.classroom.exercises.sandbox import Sandbox
from lesson_lib.course import reloading as reload
from lesson_lib.course.csv_source import Source
from lesson_lib.course.customer_files import CUSTOMERS, EXCHANGE


def _scenario(check: reload.Check, source: Source = CUSTOMERS) -> Scenario:
    return reload.scenario(check, source, Sandbox.load)


_loaded_again = _scenario(reload.check_three_loads, EXCHANGE)

SCENARIOS = (
    _loaded_again,
    _scenario(reload.check_correction),
    _scenario(reload.check_swapped_values),
    _scenario(reload.check_other_key),
    _scenario(reload.check_lookalikes),
    _scenario(reload.check_apostrophe),
    _scenario(reload.check_sql_in_key),
    _scenario(reload.check_failures),
    _scenario(reload.check_large_file),
)
EVIDENCE = {
    "deleting-by-date-is-enough": "The rows of other days are there once for each load.",
    "loading-twice-is-harmless": "Each row is there once for each load, and no statement removes rows.",
    "loading-what-is-new-is-enough": "Rows of the first file are left, beside all new ones or none.",
    "emptying-the-table-is-enough": "The rows of a key that no file has are gone as well.",
    "any-comparison-finds-a-key": "Some lookalikes lose the same rows that others keep.",
    "quotes-make-a-key-safe": _loaded_again,
    "delete-then-insert-is-safe": "The run that fails leaves no rows.",
    "caught-errors-are-handled": "The broken file's run succeeds, and changes no row.",
    "null-stands-for-a-bad-value": "All rows of the broken file are stored, with NULL for its broken value.",
}
