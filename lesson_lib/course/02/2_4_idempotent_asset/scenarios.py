"""Exercise 2.4: an asset that can be materialized any number of times."""

from lesson_lib.classroom.exercises.exercise import Scenario
from lesson_lib.classroom.exercises.sandbox import Sandbox
from lesson_lib.course import reloading as reload
from lesson_lib.course.customer_files import CUSTOMERS, EXCHANGE, LARGE_CUSTOMER


def _scenario(happening: reload.Happening, source: reload.Source = CUSTOMERS) -> Scenario:
    return reload.scenario(happening, source, Sandbox.load)


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
    _scenario(reload.broken_after_good),
    _scenario(reload.refused_by_the_table),
    _scenario(reload.large, LARGE_CUSTOMER),
)
EVIDENCE = {
    "deleting-by-date-is-enough": "After two loads, just the rows of other days are there twice.",
    "loading-twice-is-harmless": "Each row is there once for each load, and no statement removes rows.",
    "loading-what-is-new-is-enough": "Rows of the first file are left, beside all new ones or none.",
    "emptying-the-table-is-enough": "The rows of a key that no file has are gone as well.",
    "any-comparison-finds-a-key": "Some lookalikes lose the same rows that others keep.",
    "quotes-make-a-key-safe": _loaded_again,
    "delete-then-insert-is-safe": "The run that fails leaves no rows.",
    "caught-errors-are-handled": "The broken file's run succeeds, and changes no row.",
    "null-stands-for-a-bad-value": "All rows of the broken file are stored, with NULL for its broken value.",
}
