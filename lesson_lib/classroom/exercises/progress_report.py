"""`progress`: a report of what the learner has done, exercise by exercise, in all notebooks."""

from collections.abc import Iterator
from dataclasses import dataclass

from lesson_lib.classroom.display.board import Block, Board, Line, Mark, Table
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.display.safe_text import format_count
from lesson_lib.classroom.exercises.catalogue import LESSONS
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.classroom.exercises.progress_store import ExerciseProgress, Progress, load, reset

_MARKS = {Outcome.RIGHT: Mark.GOOD, Outcome.NOT_ATTEMPTED: Mark.OPEN}


@dataclass(frozen=True, repr=False)
class Report(Displayable):
    """What the learner has done in each exercise."""

    progress: Progress

    def board(self) -> Board:
        """Describe a table for each notebook, with a row for each exercise."""
        tables = [_make_table(lesson, self.progress) for lesson in LESSONS]
        blocks: list[Block] = [*tables, *([Line(self.progress.note)] if self.progress.note else [])]
        exercises = [exercise for lesson in LESSONS for exercise in lesson.exercises]
        done = sum(_is_done(exercise, self.progress.of(exercise.id)) for exercise in exercises)
        return Board(f"Your progress: {done} of {format_count(len(exercises), 'exercise')} done", blocks)


def progress(*, reset: bool = False) -> Report:
    """Show what you have done in all notebooks. It is stored in a file on this machine only.

    Args:
        reset: whether to start over. The old file stays beside the new one, and the report names it.
    """
    return Report(_reset() if reset else load())


_reset = reset  # `progress` has an argument of that name


def _make_table(lesson: Lesson, progress: Progress) -> Table:
    return Table(lesson.notebook, ("exercise", "so far", "then you can"), tuple(_make_rows(lesson, progress)))


def _make_rows(lesson: Lesson, progress: Progress) -> Iterator[tuple[Line, ...]]:
    # A board draws no Markdown.
    can = {objective.id: objective.text.replace("`", "") for objective in lesson.objectives}
    for exercise in lesson.exercises:
        name = Line(f"{exercise.id} {exercise.title}")
        yield name, _describe(exercise, progress.of(exercise.id)), Line(can[exercise.objective])


def _is_done(exercise: Exercise, done: ExerciseProgress) -> bool:
    return bool(done.predictions) if exercise.is_prediction else done.outcome is Outcome.RIGHT


def _describe(exercise: Exercise, done: ExerciseProgress) -> Line:
    if exercise.is_prediction and done.predictions:
        first = done.predictions[0]  # the learner knew the fact before later ones
        return Line("predicted, and surprised" if first.off else "predicted", Mark.GOOD)
    aside = [
        format_count(done.attempts, "attempt") if done.attempts > 1 else "",
        format_count(done.hints, "hint") if done.hints else "",
        "solution looked at" if done.solution_seen else "",
    ]
    text = ", ".join(filter(None, [done.outcome.value, *aside]))
    return Line(text, _MARKS.get(done.outcome, Mark.ODD))
