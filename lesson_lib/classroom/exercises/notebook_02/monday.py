"""Exercise 2.6: what the three records looked like on a Monday, and what may have happened to each key.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from collections.abc import Mapping
from contextlib import suppress
from inspect import cleandoc

import dagster as dg
import duckdb

from lesson_lib.classroom.display.record_view import ThreeRecords
from lesson_lib.classroom.exercises.choices import letters
from lesson_lib.classroom.exercises.exercise import Exercise, Miss, NoAnswer
from lesson_lib.classroom.exercises.world import new_world
from lesson_lib.classroom.lab.three_records import three_records
from lesson_lib.pipeline import Warehouse, s3_partitions_def

_HAPPENINGS = {
    "a": "It is new: it was registered, and nothing has ever run for it.",
    "b": "Its key was deleted, and nothing else was done.",
    "c": "Its new file was broken: the load deleted the old rows, and then failed.",
    "d": "Key and rows were deleted, and then the key was registered again.",
    "e": "Key and rows were deleted, and it has not come back.",
}
_TRUE = {"bluebird": "d", "o'hare": "b", "zenith": "c"}
# Of the key that it happened to: is it registered, was it materialized, did its last run fail, has it rows?
_LEFT = {
    "a": (True, False, False, False),
    "b": (False, True, False, True),
    "c": (True, True, True, False),
    "d": (True, True, False, False),
    "e": (False, True, False, False),
}
_WORDS = (
    {True: "is registered", False: "is not registered"},
    {True: "has been materialized", False: "has never been materialized"},
    {True: "has a failed last run", False: "has no failed run"},
    {True: "has rows", False: "has no rows"},
)
# The answers that one of the known beliefs would explain.
_BELIEFS = {
    ("bluebird", "a"): "adding-again-starts-afresh",
    ("o'hare", "e"): "three-records-are-one",
    ("zenith", "d"): "delete-then-insert-is-safe",
}


def records_of_monday() -> ThreeRecords:
    """Load four customers, let three things happen to three of them, and return the three records."""
    with new_world() as world:

        @dg.asset(partitions_def=s3_partitions_def)
        def duckdb_dynamic_partition_table(
            context: dg.AssetExecutionContext, database: Warehouse, import_dynamic_partition_file: str
        ) -> None:
            key, path = context.partition_key, import_dynamic_partition_file
            # Without a transaction, as it stood in the notebook before the broken file came.
            with database.get_connection() as con:
                con.execute(
                    "create table if not exists raw_partition_data as "
                    "select *, '' as partition_key from read_csv(?) limit 0",
                    [path],
                )
                con.execute("delete from raw_partition_data where partition_key = ?", [key])
                con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])

        for key in ("acme", "bluebird", "o'hare", "zenith"):
            world.load(duckdb_dynamic_partition_table, key)

        world.instance.delete_dynamic_partition("s3", "bluebird")
        world.query("delete from raw_partition_data where partition_key = 'bluebird'")
        world.instance.add_dynamic_partitions("s3", ["bluebird"])
        world.instance.delete_dynamic_partition("s3", "o'hare")
        broken = (world.lab.source / "zenith.csv").read_text(encoding="utf-8").replace(",96673,", ",n/a,")
        world.write("zenith", broken)
        with suppress(duckdb.Error):
            world.load(duckdb_dynamic_partition_table, "zenith")

        return three_records(world.instance, duckdb_dynamic_partition_table, world.lab.database)


def _what_fits(answer: object) -> Miss | None:
    """What happened to each of the three keys."""
    if not isinstance(answer, Mapping) or not set(_TRUE) <= set(answer):
        raise NoAnswer(
            "The answer is a letter for each of the three keys, such as "
            """{"bluebird": "a", "o'hare": "a", "zenith": "a"}."""
        )
    given = {key: letters(answer[key], _HAPPENINGS, count=1)[0] for key in _TRUE}
    for key, letter in given.items():
        for words, is_so, would_be in zip(_WORDS, _LEFT[_TRUE[key]], _LEFT[letter], strict=True):
            if is_so != would_be:
                return Miss(
                    _BELIEFS.get((key, letter), ""),
                    seen=f"{key} {words[is_so]}",
                    expected=f"after {letter}, as you say, it {words[would_be]}",
                )
    return None


def _cell(bluebird: str, o_hare: str, zenith: str) -> str:
    return cleandoc(f"""
        from lesson_lib.classroom.exercises.notebook_02.monday import records_of_monday

        display(records_of_monday())
        check("2.6", {{"bluebird": {bluebird}, "o'hare": {o_hare}, "zenith": {zenith}}})
    """)


MONDAY = Exercise(
    id="2.6",
    title="What happened before Monday?",
    objective="records",
    minutes=4,
    task="On Friday all four customers were loaded, with a `load` that has no transaction. The cell shows "
    "their three records on Monday. Which of these happened to `bluebird`, `o'hare` and `zenith` in between? "
    "Put a letter for each, in quotes, in the place of the dots; not every letter is needed.\n\n"
    + "\n".join(f"- **{letter}** {happening}" for letter, happening in _HAPPENINGS.items()),
    starter=_cell("...", "...", "..."),
    solution=_cell('"d"', '"b"', '"c"'),
    takeaway="Put the three side by side: what a key is in each of them tells what has happened to it.",
    hints=(
        "Ask each record for itself: is the key registered now? Has a run ever succeeded? Are there rows?",
        "Only one of the five leaves rows behind without a key, and only one leaves a failed run.",
        "Deleting a key keeps its materializations. What, then, does a key show that was away and is back?",
    ),
    scenarios=(_what_fits,),
    also_right=(_cell('"D"', '"b)"', '["c"]'),),
    wrong=(
        (_cell('"a"', '"b"', '"c"'), "adding-again-starts-afresh"),
        (_cell('"d"', '"e"', '"c"'), "three-records-are-one"),
        (_cell('"d"', '"b"', '"d"'), "delete-then-insert-is-safe"),
    ),
)
