"""The model of an exercise: what a learner reads, what runs their answer, and the answers that prove it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Miss:
    """A fault that a scenario found in an answer.

    Attributes:
        misconception: the id of the belief behind it, or an empty string.
        seen: what happened, such as `16 rows`.
        expected: what should have happened instead.
    """

    misconception: str = ""
    seen: str = ""
    expected: str = ""


class NoAnswer(Exception):
    """The value cannot be an answer to this exercise; the message says what could be one."""


Scenario = Callable[..., Miss | None]
"""Takes the learner's answers and returns a fault, or None. Its docstring is the name that learners see."""


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook. Its cells are the Markdown and Python of the notebook.

    Attributes:
        id: such as `2.3`. The progress file contains it, so it never changes.
        title: a few words.
        objective: the id of the objective that it serves.
        minutes: how long most learners take.
        task: the prose cell below the title.
        takeaway: one or two sentences to remember, shown with a right answer.
        hints: from a nudge to nearly the solution.
        starter: the code cell, with `...` in place of code and `____` in place of SQL.
        solution: the completed cell. The one of a prediction ends with `predict` and literal values.
        scenarios: run in this order until one finds a fault. A prediction has one scenario, which takes the
            fact first and then the guesses.
        also_right: completed cells that are right as well.
        wrong: plausible wrong cells, each with the id of the misconception that the verdict must name.
        is_prediction: whether the answer is a guess for `predict`, which `fact` judges in a later cell.
    """

    id: str
    title: str
    objective: str
    minutes: int
    task: str
    takeaway: str
    hints: tuple[str, ...]
    starter: str = ""
    solution: str = ""
    scenarios: tuple[Scenario, ...] = ()
    also_right: tuple[str, ...] = ()
    wrong: tuple[tuple[str, str], ...] = ()
    is_prediction: bool = False

    @property
    def name(self) -> str:
        """The name that learners see: `Exercise 2.3` or `Prediction 2.1`."""
        return f"{'Prediction' if self.is_prediction else 'Exercise'} {self.id}"
