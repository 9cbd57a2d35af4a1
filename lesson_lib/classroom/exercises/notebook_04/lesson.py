"""Notebook 04, Many customers: what it teaches, and its exercises."""

from lesson_lib.classroom.exercises.choices import prediction, values_told
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.notebook_04.cost_of_many import COST_OF_MANY
from lesson_lib.classroom.exercises.notebook_04.keys_without_rows import KEYS_WITHOUT_ROWS
from lesson_lib.classroom.exercises.notebook_04.lock_message import WHO_HOLDS_THE_LOCK
from lesson_lib.classroom.exercises.notebook_04.range_aware import RANGE_AWARE
from lesson_lib.classroom.exercises.notebook_04.strategies import STRATEGIES
from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section

_ASSETS = 2  # that the predicted run materializes


def _belief_about_the_log(*guesses: object) -> str:
    """Whoever expects many runs gives each key one; whoever expects few records takes a run for one."""
    runs, materializations = (float(number) for number in values_told(guesses))
    if runs > _ASSETS:
        return "every-key-needs-a-run"
    return "a-range-is-one-materialization" if materializations <= _ASSETS else ""


_ONE_RUN_FOR_ALL = Exercise(
    id="4.1",
    title="What does a range leave in the log?",
    objective="cost",
    minutes=1,
    task="The cell below materializes both assets for all keys (1,000, unless you have changed the number), "
    "with the first and the last of them in the run's tags. By how many runs will Dagster's log have grown "
    "after it, and by how many materializations? Put your two guesses in the place of the dots.",
    starter='predict("4.1", ..., ...)',
    solution='predict("4.1", 1, 2000)',
    takeaway="One run, and still a record for each key of each asset.",
    hints=(
        "How often is each of the two functions called, if one run takes all keys?",
        "Afterwards each key is green, in both assets. What does Dagster need to have written down for that?",
    ),
    scenarios=(prediction(_belief_about_the_log),),
    also_right=('predict("4.1", [1, 2_000])', 'predict("4.1", "1, 2000")'),
    wrong=(
        ('predict("4.1", 1000, 2000)', "every-key-needs-a-run"),
        ('predict("4.1", 2000, 2000)', "every-key-needs-a-run"),
        ('predict("4.1", 1, 1)', "a-range-is-one-materialization"),
        ('predict("4.1", 1, 2)', "a-range-is-one-materialization"),
    ),
    is_prediction=True,
)

LESSON = Lesson(
    notebook="04_many_customers",
    objectives=(
        Objective("cost", "say what loading many customers costs, and where the time goes"),
        Objective("load", "load a range, or any set of keys, in one run, and know what is still missing"),
        Objective("write", "say who may write to a DuckDB file, and let runs queue for it"),
        Objective("scale", "choose how to partition, and what to change when one machine is not enough"),
    ),
    sections=(
        Section("How long does one run a key take?", 3, "cost"),
        Section("Can one run take them all?", 4, "cost"),
        Section("Where does the time go?", 3, "cost"),
        Section("What if one file is broken?", 3, "load"),
        Section("Which keys are in a range?", 3, "load"),
        Section("Which keys are missing?", 3, "load"),
        Section("Who may write?", 4, "write"),
        Section("How many keys are too many?", 3, "scale"),
        Section("When is one machine not enough?", 3, "scale"),
    ),
    exercises=(
        _ONE_RUN_FOR_ALL,
        COST_OF_MANY,
        RANGE_AWARE,
        KEYS_WITHOUT_ROWS,
        WHO_HOLDS_THE_LOCK,
        STRATEGIES,
    ),
)
