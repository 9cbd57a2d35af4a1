"""Notebook 03, Trigger runs: what it teaches, and its exercises."""

from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section

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
    exercises=(),
)
