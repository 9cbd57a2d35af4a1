"""Exercise 2.3: a load with two placeholders, for a bound key."""

from dataclasses import replace
from typing import Any

import duckdb

from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer, Scenario
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
    with duckdb.connect(sandbox.lab.database) as con:
        con.execute(f"create table if not exists raw_partition_data ({_COLUMNS})")
        answer(con, key, str(sandbox.lab.source / f"{key}.csv"))


def _scenario(happening: reload.Happening, source: reload.Source = CUSTOMERS) -> Scenario:
    """Return the scenario without the belief that no delete is needed, because the starter has one."""
    judge = reload.scenario(happening, source, _load_with)

    def run(answer: object) -> Miss | None:
        miss = judge(answer)
        if miss and miss.misconception == "loading-twice-is-harmless":
            return replace(
                miss, misconception="", seen=f"{miss.seen}: the delete has left some, or found none"
            )
        return miss

    run.__doc__ = judge.__doc__
    return run


SCENARIOS = (
    _scenario(reload.named_after_a_day, EXCHANGE),
    _scenario(reload.loaded_three_times),
    _scenario(reload.beside_another),
    _scenario(reload.beside_lookalikes),
    _scenario(reload.with_an_apostrophe),
    _scenario(reload.with_sql_in_the_key),
)
