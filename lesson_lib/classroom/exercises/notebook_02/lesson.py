"""Notebook 02, Reload safely: what it teaches, and its exercises."""

import re
from itertools import pairwise

from lesson_lib.classroom.exercises.choices import Choice, multiple_choice, prediction, told
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.notebook_02.idempotent_asset import IDEMPOTENT_ASSET
from lesson_lib.classroom.exercises.notebook_02.monday import MONDAY
from lesson_lib.classroom.exercises.notebook_02.own_source import OWN_SOURCE
from lesson_lib.classroom.exercises.notebook_02.two_blanks import TWO_BLANKS
from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section


def _belief_about_reloading(*guesses: object) -> str:
    """Whoever expects that a run adds nothing believes that something is replaced."""
    numbers = [int(number) for number in re.findall(r"\d+", told(guesses))]
    grows = all(later > earlier for earlier, later in pairwise(numbers))
    return "" if grows else "loading-twice-is-harmless"


_COUNT_ROWS = Exercise(
    id="2.1",
    title="Three runs of one file",
    objective="reload",
    minutes=1,
    task="Acme's file has eight rows, and the cell below copies it into the table three times, as notebook "
    "01 did. How many rows will the table have after the first run, after the second, and after the third? "
    "Put your three guesses in the place of the dots.",
    starter='predict("2.1", ..., ..., ...)',
    solution='predict("2.1", 8, 16, 24)',
    takeaway="COPY appends. Every run is a success, and the rows pile up.",
    hints=(
        "What does the second run do with the rows of the first?",
        "Dagster calls your function again. Does anything in it take rows away?",
    ),
    scenarios=(prediction(_belief_about_reloading),),
    also_right=('predict("2.1", [8, 16, 24])', 'predict("2.1", "8, 16, 24")'),
    wrong=(
        ('predict("2.1", 8, 8, 8)', "loading-twice-is-harmless"),
        ('predict("2.1", 8, 0, 8)', "loading-twice-is-harmless"),
        ('predict("2.1", 8, 16, 16)', "loading-twice-is-harmless"),
    ),
    is_prediction=True,
)

_SPOT_THE_BUG = multiple_choice(
    "2.2",
    "Spot the bug",
    objective="reload",
    minutes=2,
    question="""\
This load has been published as one that can be repeated. It runs twice for the key `2018-01-22`; other keys \
have rows in the table, too.

```python
1  con.execute("create table if not exists raw_partition_data (date date, ...)")
2  con.execute(f"delete from raw_partition_data where date = '{partition_key}'")
3  con.execute(f"copy raw_partition_data from '{path}'")
```

What is wrong with it?""",
    choices={
        "a": Choice(
            "Nothing: line 2 removes what the first run has stored, before line 3 stores it again.",
            "deleting-by-date-is-enough",
        ),
        "b": Choice(
            "Line 1: with `create or replace table` the load could be repeated, and nothing else would "
            "have to change.",
            "emptying-the-table-is-enough",
        ),
        "c": Choice(
            "Line 2: it looks for the key in a column that holds something else, and deletes nothing."
        ),
        "d": Choice(
            "Line 2 is not needed: line 3 replaces the rows that it has copied from the same file before.",
            "loading-twice-is-harmless",
        ),
    },
    takeaway="A key says which file a row came from. Nothing in the data has to say the same.",
    hints=(
        "Which rows does line 2 find in the second run?",
        "The dates in the file are days of September, and the key is a day in January.",
    ),
)

_AFTER_A_FAILED_CHECK = multiple_choice(
    "2.5",
    "After a failed check",
    objective="check",
    minutes=2,
    question="`acme` is registered, loaded, and has eight rows. Now it sends a file with a price below zero, "
    "and both assets are materialized, with the blocking check of this section on the import. What do "
    "Dagster and the table say?",
    choices={
        "a": Choice(
            "The import does not count as materialized, and acme keeps its eight old rows.",
            "failed-check-unmakes-the-partition",
        ),
        "b": Choice(
            "The import is materialized, so the partition is done, and acme has the rows of the new file.",
            "finished-import-is-a-loaded-table",
        ),
        "c": Choice(
            "The import is materialized with a failed check, the table was skipped, and acme keeps its eight "
            "old rows."
        ),
        "d": Choice(
            "The import is materialized with a failed check, so the partition has failed, and its old rows "
            "are gone.",
            "skipped-assets-lose-their-rows",
        ),
    },
    takeaway="A blocking check keeps bad data from going on. What was made stays made, with the check's "
    "result beside it.",
    hints=(
        "The import had done its work when its check looked at it. What becomes of that record?",
        "What runs after a blocking check that failed? And who, then, could have touched the rows?",
    ),
)

LESSON = Lesson(
    notebook="02_reload_safely",
    objectives=(
        Objective("reload", "make a partition re-loadable"),
        Objective("safe", "bind keys as values, and replace rows in one transaction"),
        Objective("check", "stop a load with a check"),
        Objective("records", "say which of the three records to believe when they disagree"),
    ),
    sections=(
        Section("Where were we?", 3),
        Section("What happens when a file is loaded again?", 2, "reload"),
        Section("Would deleting first help?", 2, "reload"),
        Section("Whose rows are these?", 2, "reload"),
        Section("What does an apostrophe do?", 3, "safe"),
        Section("What does a broken file leave behind?", 4, "safe"),
        Section("Is every dollar still there?", 2),
        Section("What if the columns come in another order?", 2),
        Section("Can a check stop a load?", 3, "check"),
        Section("Which record do you believe?", 4, "records"),
        Section("Does the library's version hold?", 3),
        Section("Does it hold for your own data?", 2, "reload"),
    ),
    exercises=(
        _COUNT_ROWS,
        _SPOT_THE_BUG,
        TWO_BLANKS,
        IDEMPOTENT_ASSET,
        _AFTER_A_FAILED_CHECK,
        MONDAY,
        OWN_SOURCE,
    ),
)
