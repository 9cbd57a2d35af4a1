"""The plan of a notebook: its objectives, its sections with their minutes, and its exercises."""

from dataclasses import dataclass

from lesson_lib.classroom.exercises.exercise import Exercise


@dataclass(frozen=True)
class Objective:
    """Something that the learner can do afterwards."""

    id: str  # one word, such as `register`
    text: str  # what follows "You can", without a full stop


@dataclass(frozen=True)
class Section:
    """One section of a notebook."""

    heading: str
    minutes: int  # to read and run it, without its exercises
    objective: str = ""  # the id of the objective that it serves, if there is one


@dataclass(frozen=True)
class Lesson:
    """One notebook, with its objectives, sections and exercises in their order."""

    notebook: str  # the name of the file without its suffix, such as `01_irregular_partitions`
    objectives: tuple[Objective, ...]
    sections: tuple[Section, ...]
    exercises: tuple[Exercise, ...]  # the cells of the notebook define in which section each one is

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
