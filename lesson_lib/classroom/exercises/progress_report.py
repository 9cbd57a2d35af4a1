"""`progress`: what the learner has done, exercise by exercise, over all notebooks."""

from collections.abc import Iterator
from dataclasses import dataclass

from lesson_lib.classroom.display.board import Block, Board, Line, Mark, Table
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.display.safe_text import counted
from lesson_lib.classroom.exercises.catalogue import LESSONS
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.classroom.exercises.progress_store import ExerciseProgress, Outcome, Progress, load, reset

_MARKS = {Outcome.RIGHT: Mark.GOOD, Outcome.NOT_ATTEMPTED: Mark.OPEN}


@dataclass(frozen=True, repr=False)
class Report(Displayable):
    """What is done, per exercise."""

    progress: Progress

    def board(self) -> Board:
        """Show a table for each notebook, with a line for each check that this course knows."""
        tables = [_table(lesson, self.progress) for lesson in LESSONS]
        blocks: list[Block] = [*tables, *([Line(self.progress.note)] if self.progress.note else [])]
        exercises = [exercise for lesson in LESSONS for exercise in lesson.exercises]
        done = sum(_is_done(exercise, self.progress.of(exercise.id)) for exercise in exercises)
        return Board(f"Your progress: {done} of {counted(len(exercises), 'exercise')} done", blocks)


def progress(*, reset: bool = False) -> Report:
    """Show what you have done, in this notebook and in every other; it is kept in a file of yours only.

    Args:
        reset: whether to begin anew; the old file is kept beside the new one, and the report names it.
    """
    return Report(_reset() if reset else load())


_reset = reset  # by another name, since `progress` has an argument of this one


def _table(lesson: Lesson, progress: Progress) -> Table:
    return Table(lesson.notebook, ("exercise", "so far", "then you can"), tuple(_rows(lesson, progress)))


def _rows(lesson: Lesson, progress: Progress) -> Iterator[tuple[Line, ...]]:
    can = {
        objective.id: objective.text.replace("`", "") for objective in lesson.objectives
    }  # no Markdown here
    for exercise in lesson.exercises:
        name = Line(f"{exercise.id} {exercise.title}")
        yield name, _standing(exercise, progress.of(exercise.id)), Line(can[exercise.objective])


def _is_done(exercise: Exercise, done: ExerciseProgress) -> bool:
    return bool(done.predictions) if exercise.is_prediction else done.outcome is Outcome.RIGHT


def _standing(exercise: Exercise, done: ExerciseProgress) -> Line:
    if exercise.is_prediction and done.predictions:
        first = done.predictions[0]  # those after it knew the fact
        return Line("predicted, and surprised" if first.off else "predicted", Mark.GOOD)
    aside = [
        counted(done.attempts, "attempt") if done.attempts > 1 else "",
        counted(done.hints, "hint") if done.hints else "",
        "solution looked at" if done.solution_seen else "",
    ]
    told = ", ".join(filter(None, [done.outcome.value, *aside]))
    return Line(told, _MARKS.get(done.outcome, Mark.ODD))
