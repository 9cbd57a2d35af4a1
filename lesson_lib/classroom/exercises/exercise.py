"""The model of an exercise: what a learner reads, what runs their answer, and the answers that prove it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lesson_lib.classroom.exercises.outcome import Outcome


@dataclass(frozen=True)
class Miss:
    """A fault that a scenario found in an answer."""

    misconception: str = ""  # the id of the belief behind it, if there is one
    seen: str = ""  # what happened, such as `16 rows`
    expected: str = ""  # what should have happened instead


class NoAnswer(Exception):
    """The value cannot be an answer to this exercise; the message says what could be one."""


Scenario = Callable[..., Miss | None]
"""Takes the learner's answers and returns a fault, or None. Its docstring is the name that learners see."""


Evidence = Scenario | str
"""What has to be shown before a verdict blames a belief.

Either a control: a scenario that differs from the blaming one in one thing only, and that the answer passes.
Or a sentence: what the blaming scenario observes itself, such as that keys went to another instance.
"""


@dataclass(frozen=True)
class WrongAnswer:
    """A wrong answer that proves what the scenarios find."""

    name: str  # of its file, such as `loading-twice-is-harmless.copy.py`
    cell: str  # the completed cell
    misconception: str = ""  # the id of the belief that `check` must name; empty if it must name none
    outcome: Outcome = Outcome.NOT_YET


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook. Its cells are the Markdown and Python of the notebook."""

    id: str  # such as `2.3`; the progress file contains it, so it never changes
    title: str  # a few words
    objective: str  # the id of the objective that it serves
    minutes: int  # how long most learners take
    task: str  # the prose cell below the title
    takeaway: str  # one or two sentences to remember, shown with a right answer
    hints: tuple[str, ...]  # from a nudge to nearly the solution
    starter: str = ""  # the code cell, with `...` in place of code and `____` in place of SQL
    solution: str = ""  # the completed cell; that of a prediction ends with `predict` and literal values
    # Run in this order until one finds a fault. That of a prediction takes the fact and then the guesses.
    scenarios: tuple[Scenario, ...] = ()
    also_right: tuple[str, ...] = ()  # completed cells that are right as well
    wrong: tuple[WrongAnswer, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)  # of each belief that a scenario can name
    # For each kind of mistake in `course/kinds.yaml`, or `other`: wrong answers, or why it cannot occur.
    kinds: Mapping[str, tuple[str, ...] | str] = field(default_factory=dict)
    is_prediction: bool = False  # whether the answer is a guess for `predict`, which `fact` judges later

    @property
    def name(self) -> str:
        """The name that learners see: `Exercise 2.3` or `Prediction 2.1`."""
        return f"{'Prediction' if self.is_prediction else 'Exercise'} {self.id}"
