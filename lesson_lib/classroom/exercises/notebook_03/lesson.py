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
        Section("Who starts the daily job?", 3, "choose"),
        Section("Can the customers have a schedule, too?", 2, "choose"),
        Section("What does a sensor ask for?", 3, "tick"),
        Section("What does the daemon do with it?", 3, "remember"),
        Section("What does a cursor have to remember?", 2, "remember"),
        Section("What about a corrected file?", 4, "remember"),
        Section("Which key does a file stand for?", 3, "remember"),
        Section("What happens on the first day?", 2, "write"),
        Section("What if a file goes away?", 3, "write"),
        Section("Does the library's sensor hold?", 3, "tick"),
    ),
    exercises=(SCHEDULE_OR_SENSOR, _FOUR_TICKS, PUBLISHED_SENSOR_BUGS, OWN_SENSOR, TICK_HISTORY),
)
