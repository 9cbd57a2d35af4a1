"""The rules by which errors are explained."""

from lesson_lib.classroom.display.error_rules.rule import Rule
from lesson_lib.classroom.display.error_rules.run_errors import RUNS
from lesson_lib.classroom.display.error_rules.storage_errors import STORAGE
from lesson_lib.classroom.display.error_rules.trigger_errors import TRIGGERS

__all__ = ["RULES", "Rule"]

# The first that fits is taken: what a tick says of a key is more special than what a run says of it.
RULES = {**TRIGGERS, **RUNS, **STORAGE}
