"""What an exercise is: what a learner reads, what runs their answer, and proofs that it judges rightly."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Miss:
    """What a scenario found to be wrong with an answer.

    Attributes:
        misconception: the id of the belief behind it; empty if it shows none of those that are known.
        seen: what came about, such as `16 rows`.
        expected: what should have come about instead.
    """

    misconception: str = ""
    seen: str = ""
    expected: str = ""


class NoAnswer(Exception):
    """What was given is no answer to this exercise; the message says what would be one."""


def called(exercise: str, *, is_prediction: bool = False) -> str:
    """Return how learners know an exercise of this id: `Exercise 2.3`, or `Prediction 2.1`."""
    return f"{'Prediction' if is_prediction else 'Exercise'} {exercise}"


Scenario = Callable[..., Miss | None]
"""Takes the learner's answers, and returns what is wrong with them, or None; its docstring names it."""


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook. Its cells are Markdown and Python, as they stand in the notebook.

    Attributes:
        id: such as `2.3`; progress keeps it, so it never changes.
        title: a few words.
        objective: the id of the objective that it serves.
        minutes: that most learners need for it.
        task: the prose cell, below the title.
        starter: the code cell, with `...` for code, and `____` for words of SQL, still to be written.
        solution: the cell, worked; of a prediction, it ends with `predict` and literal values.
        takeaway: one sentence or two to remember, for a right answer.
        hints: from a nudge to nearly the solution.
        scenarios: are run in this order until one finds something; of a prediction, there is one, which takes
            the fact first, and then the guesses.
        also_right: the cell as others would write it.
        wrong: plausible wrong cells, each with the id of the one misconception that the verdict has to name.
        is_prediction: the answer is a guess, made with `predict`; `fact`, in a later cell, judges it.
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
        """How learners know it."""
        return called(self.id, is_prediction=self.is_prediction)
