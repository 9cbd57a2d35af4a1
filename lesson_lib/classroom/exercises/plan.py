"""The plan of a notebook: its objectives, its sections with their minutes, and its exercises."""

from dataclasses import dataclass

from lesson_lib.classroom.exercises.exercise import Exercise


@dataclass(frozen=True)
class Objective:
    """Something that the learner can do afterwards.

    Attributes:
        id: one word, such as `register`.
        text: what follows "You can", without a full stop.
    """

    id: str
    text: str


@dataclass(frozen=True)
class Section:
    """One section of a notebook.

    Attributes:
        heading: the heading in the notebook.
        minutes: how long it takes to read and run, without its exercises.
        objective: the id of the objective that it serves, or an empty string.
    """

    heading: str
    minutes: int
    objective: str = ""


@dataclass(frozen=True)
class Lesson:
    """One notebook.

    Attributes:
        notebook: the name of the file without its suffix, such as `01_irregular_partitions`.
        objectives: in the order in which learners reach them.
        sections: in the order of the notebook.
        exercises: in the order of the notebook, which also says in which section each one is.
    """

    notebook: str
    objectives: tuple[Objective, ...]
    sections: tuple[Section, ...]
    exercises: tuple[Exercise, ...]

    @property
    def number(self) -> str:
        """The two digits at the beginning of the notebook's name."""
        return self.notebook.partition("_")[0]

    @property
    def minutes(self) -> int:
        """The minutes of all sections and exercises."""
        return sum(section.minutes for section in self.sections) + sum(
            done.minutes for done in self.exercises
        )
