"""Notebook 03, Trigger runs: what it teaches, and its exercises."""

from lesson_lib.classroom.exercises.choices import prediction, values_told
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.notebook_03.own_sensor import OWN_SENSOR
from lesson_lib.classroom.exercises.notebook_03.published_sensor import PUBLISHED_SENSOR_BUGS
from lesson_lib.classroom.exercises.notebook_03.schedule_or_sensor import SCHEDULE_OR_SENSOR
from lesson_lib.classroom.exercises.notebook_03.tick_history import TICK_HISTORY
from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section


def _belief_about_the_ticks(*guesses: object) -> str:
    """Whoever expects quiet thinks that the cursor forgets nothing; whoever expects all, that it is none."""
    match [int(float(number)) for number in values_told(guesses)]:
        case [3, 3, *_]:
            return "each-tick-begins-from-nothing"
        case [3, 0, 0, _]:
            return "cursor-of-new-files-is-enough"
        case _:
            return ""


_FOUR_TICKS = Exercise(
    id="3.2",
    title="Four ticks, three files",
    objective="remember",
    minutes=1,
    task="Three files lie in the inbox, and nobody touches them. The daemon evaluates `first_sensor` four "
    "times, each time with the cursor that the tick before has left. How many runs does each tick ask for? "
    "Put your four guesses in the place of the dots.",
    starter='predict("3.2", ..., ..., ..., ...)',
    solution='predict("3.2", 3, 0, 3, 0)',
    takeaway="A cursor that holds only what was new is empty after a quiet tick, and all is new again.",
    hints=(
        "What does the cursor hold after the first tick? And what is new at the second?",
        "Nothing is new at the second tick, so that is what it writes down: nothing.",
    ),
    scenarios=(prediction(_belief_about_the_ticks),),
    also_right=('predict("3.2", [3, 0, 3, 0])', 'predict("3.2", "3, 0, 3, 0")'),
    wrong=(
        ('predict("3.2", 3, 0, 0, 0)', "cursor-of-new-files-is-enough"),
        ('predict("3.2", 3, 3, 3, 3)', "each-tick-begins-from-nothing"),
        ('predict("3.2", 3, 0, 0, 3)', "cursor-of-new-files-is-enough"),
        ('predict("3.2", 3, 3, 0, 0)', "each-tick-begins-from-nothing"),
    ),
    is_prediction=True,
)


def _belief_about_run_keys(*guesses: object) -> str:
    """Whoever expects a run for a correction takes the name for a good run key."""
    first, *later = (int(float(number)) for number in values_told(guesses))
    return "file-name-is-a-good-run-key" if first and any(later) else ""


_ONE_RUN_KEY = Exercise(
    id="3.3",
    title="Three versions, one run key",
    objective="remember",
    minutes=1,
    task="The cell below uses this sensor. `acme.csv` arrives, then a corrected one, and then the first one "
    "again, and after each the daemon ticks. How many runs are *started* at each of the three ticks? Put "
    "your three guesses in the place of the dots.",
    starter='predict("3.3", ..., ..., ...)',
    solution='predict("3.3", 1, 0, 0)',
    takeaway="For each run key of a sensor, the daemon starts one run, and drops all later requests.",
    hints=(
        "At each of the three ticks the version is another one, so each asks for a run. With which run key?",
        "The run key is the file's name, three times. How many runs does the daemon start for one run key?",
    ),
    scenarios=(prediction(_belief_about_run_keys),),
    also_right=('predict("3.3", [1, 0, 0])', 'predict("3.3", "1, 0, 0")'),
    wrong=(
        ('predict("3.3", 1, 1, 1)', "file-name-is-a-good-run-key"),
        ('predict("3.3", 1, 1, 0)', "file-name-is-a-good-run-key"),
        ('predict("3.3", 1, 0, 1)', "file-name-is-a-good-run-key"),
    ),
    is_prediction=True,
)

LESSON = Lesson(
    notebook="03_trigger_runs",
    objectives=(
        Objective("choose", "choose schedule or sensor for a source"),
        Objective("tick", "say what a tick asks for, and what becomes of it"),
        Objective("remember", "give a sensor a cursor and run keys that neither forget nor miss"),
        Objective("write", "write a sensor that registers keys, survives corrections, and never asks twice"),
    ),
    sections=(
        Section("When does the data come?", 2),
        Section("What starts the daily job?", 3, "choose"),
        Section("Can the customers have a schedule, too?", 2, "choose"),
        Section("What does a sensor ask for?", 3, "tick"),
        Section("What does the daemon do with it?", 3, "remember"),
        Section("What does a cursor have to remember?", 2, "remember"),
        Section("What about a corrected file?", 2, "remember"),
        Section("What should a run key name?", 2, "remember"),
        Section("Which key does a file stand for?", 2, "remember"),
        Section("Which files are data?", 1, "remember"),
        Section("What happens on the first day?", 2, "write"),
        Section("What if a file goes away?", 3, "write"),
        Section("Does the library's sensor hold?", 4, "tick"),
    ),
    exercises=(
        SCHEDULE_OR_SENSOR,
        _FOUR_TICKS,
        _ONE_RUN_KEY,
        PUBLISHED_SENSOR_BUGS,
        OWN_SENSOR,
        TICK_HISTORY,
    ),
)
