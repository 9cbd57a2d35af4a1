"""Exercise 2.3: a load with two blanks, for a key that is bound."""

from dataclasses import replace
from typing import Any

import duckdb

from lesson_lib.classroom.exercises import reload_scenarios as reload
from lesson_lib.classroom.exercises.exercise import Exercise, Miss, NoAnswer, Scenario
from lesson_lib.classroom.exercises.notebook_02.sources import CUSTOMERS, EXCHANGE
from lesson_lib.classroom.exercises.world import World

_COLUMNS = (
    "date date, share_price double, amount double, spend double, shift double, spread double, "
    "partition_key varchar"
)


def _call(world: World, answer: Any, key: str) -> None:  # noqa: ANN401 - whatever a learner gives
    """Let the learner's function load a key into a table that is there."""
    if not callable(answer):
        raise NoAnswer('Give check your function, by its name and without brackets: check("2.3", my_load).')
    with duckdb.connect(world.lab.database) as con:
        con.execute(f"create table if not exists raw_partition_data ({_COLUMNS})")
        answer(con, key, str(world.lab.source / f"{key}.csv"))


def _scenario(happening: reload.Happening, source: reload.Source = CUSTOMERS) -> Scenario:
    """Return the scenario; who fills the blanks of a delete does not believe that there need be none."""
    judged = reload.scenario(happening, source, _call)

    def run(answer: object) -> Miss | None:
        miss = judged(answer)
        if miss and miss.misconception == "loading-twice-is-harmless":
            return replace(
                miss, misconception="", seen=f"{miss.seen}: the delete has left some, or found none"
            )
        return miss

    run.__doc__ = judged.__doc__
    return run


def _faded(condition: str, values: str) -> str:
    """Return the cell with these two in the places of the blanks."""
    return f"""\
def my_load(con, key, path):
    con.execute("delete from raw_partition_data where {condition}", {values})
    con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])


check("2.3", my_load)"""  # noqa: S608 - a cell to show


TWO_BLANKS = Exercise(
    id="2.3",
    title="Fill the two blanks",
    objective="safe",
    minutes=3,
    task="The table has the six columns of the files, `date` to `spread`, and a seventh, `partition_key`. "
    "Fill the two blanks so that the `delete` takes away what an earlier run has stored for this key, "
    "whatever the key looks like, and nothing else: a condition in the place of `____`, and the list of its "
    "values in the place of the dots.",
    starter=_faded("____", "..."),
    solution=_faded("partition_key = ?", "[key]"),
    takeaway="A key is a value: put a ? into the SQL text, and the key beside it.",
    hints=(
        "Which column says which key a row belongs to?",
        "The insert below shows how a value gets into a statement: a ? in the text, and a list beside it.",
        "The condition compares partition_key with a ?, and the list holds the key.",
    ),
    scenarios=(
        _scenario(reload.named_after_a_day, EXCHANGE),
        _scenario(reload.loaded_three_times),
        _scenario(reload.beside_another),
        _scenario(reload.beside_lookalikes),
        _scenario(reload.with_an_apostrophe),
        _scenario(reload.with_sql_in_the_key),
    ),
    also_right=(
        _faded("partition_key = $1", "(key,)"),
        _faded("partition_key in ($which)", '{"which": key}'),
    ),
    wrong=(
        (_faded("date::text = ?", "[key]"), "deleting-by-date-is-enough"),
        (_faded("date = ?", "[key]"), "deleting-by-date-is-enough"),
        (_faded("true", "[]"), "emptying-the-table-is-enough"),
        (_faded("partition_key like ?", "[key]"), "any-comparison-finds-a-key"),
        (_faded("lower(partition_key) = lower(?)", "[key]"), "any-comparison-finds-a-key"),
        (_faded("contains(?, partition_key)", "[key]"), "any-comparison-finds-a-key"),
        (
            _faded("partition_key = '{key}'", "[]").replace('"delete', 'f"delete'),
            "quotes-make-a-key-safe",
        ),
    ),
)
