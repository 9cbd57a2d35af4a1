"""What a notebook is to teach, and where: objectives, sections with their minutes, and exercises."""

from dataclasses import dataclass

from lesson_lib.classroom.exercises.exercise import Exercise


@dataclass(frozen=True)
class Objective:
    """What the learner can do afterwards.

    Attributes:
        id: one word, such as `register`.
        text: as it goes on after "You can", without a full stop.
    """

    id: str
    text: str


@dataclass(frozen=True)
class Section:
    """One section of a notebook.

    Attributes:
        heading: as it stands in the notebook.
        minutes: to read and run it, without its exercises.
        objective: the id of the objective that it serves; empty for those that only lead there or on.
    """

    heading: str
    minutes: int
    objective: str = ""


@dataclass(frozen=True)
class Lesson:
    """One notebook.

    Attributes:
        notebook: the file's name without its suffix, such as `01_irregular_partitions`.
        objectives: in the order in which they are reached.
        sections: in the notebook's order.
        exercises: in the notebook's order; which section each is in is said by the notebook.
    """

    notebook: str
    objectives: tuple[Objective, ...]
    sections: tuple[Section, ...]
    exercises: tuple[Exercise, ...]

    @property
    def number(self) -> str:
        """The two digits that the notebook's name begins with."""
        return self.notebook.partition("_")[0]

    @property
    def minutes(self) -> int:
        """How long all of it takes."""
        return sum(section.minutes for section in self.sections) + sum(
            done.minutes for done in self.exercises
        )
