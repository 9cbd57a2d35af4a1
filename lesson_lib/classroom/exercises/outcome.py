"""The outcome of checking an answer."""

from enum import StrEnum


class Outcome(StrEnum):
    """Whether an answer is right."""

    NOT_ATTEMPTED = "not attempted"
    NOT_YET = "not yet"
    RAISED = "your code raised"
    RIGHT = "right"
