"""The rules by which errors are explained."""

from lesson_lib.classroom.boards.rules.rule import Rule
from lesson_lib.classroom.boards.rules.runs import RUNS
from lesson_lib.classroom.boards.rules.storage import STORAGE
from lesson_lib.classroom.boards.rules.triggers import TRIGGERS

__all__ = ["RULES", "Rule"]

# The first that fits is taken: what a tick says of a key is more special than what a run says of it.
RULES = {**TRIGGERS, **RUNS, **STORAGE}
