"""`progress`: a report of what the learner has done, exercise by exercise, in all notebooks."""

from collections.abc import Iterator, Sequence

from lesson_lib.classroom.display.board import Block, Line, Mark, Table
from lesson_lib.classroom.display.displayable import Displayable, DisplayableBoard
from lesson_lib.classroom.display.safe_text import format_count
from lesson_lib.classroom.exercises.catalogue import LESSONS
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.classroom.exercises.progress_store import ExerciseProgress, Progress, load, reset
from lesson_lib.classroom.exercises.verdict import show_hidden_verdict

_MARKS = {Outcome.RIGHT: Mark.GOOD, Outcome.NOT_ATTEMPTED: Mark.OPEN}


def progress(*, reset: bool = False) -> Displayable:
    """Show what you have done in all notebooks. It is stored in a file on this machine only.

    Args:
        reset: whether to start over. The old file stays beside the new one, and the report names it.
    """
    show_hidden_verdict()
    kept = _reset() if reset else load()
    exercises = [exercise for lesson in LESSONS for exercise in lesson.exercises]
    done = sum(_is_done(exercise, kept.of(exercise.id)) for exercise in exercises)
    rows = [row for lesson in LESSONS for row in _make_rows(lesson, kept)]
    blocks: list[Block] = [Table("", ("exercise", "so far", "then you can"), rows)]
    if kept.note:
        blocks.append(Line(kept.note))
    title = f"Your progress: {done} of {format_count(len(exercises), 'exercise')} done"
    return DisplayableBoard(title, blocks)


_reset = reset  # `progress` has an argument of that name


def _make_rows(lesson: Lesson, progress: Progress) -> Iterator[Sequence[Line]]:
    """Yield a row with the name of the notebook, and one for each exercise."""
    yield Line(lesson.notebook), Line(""), Line("")
    # A board draws no Markdown.
    can = {objective.id: Line(objective.text.replace("`", "")) for objective in lesson.objectives}
    for each in lesson.exercises:
        yield Line(f"{each.id} {each.title}"), _describe(each, progress.of(each.id)), can[each.objective]


def _is_done(exercise: Exercise, done: ExerciseProgress) -> bool:
    return bool(done.predictions) if exercise.is_prediction else done.outcome is Outcome.RIGHT


def _describe(exercise: Exercise, done: ExerciseProgress) -> Line:
    if exercise.is_prediction and done.predictions:
        first = done.predictions[0]  # the learner knew the fact before later ones
        return Line("predicted, with a surprise" if first.off else "predicted", Mark.GOOD)
    aside = [
        format_count(done.attempts, "attempt") if done.attempts > 1 else "",
        format_count(done.hints, "hint") if done.hints else "",
        "solution looked at" if done.solution_seen else "",
    ]
    text = ", ".join(filter(None, [done.outcome.value, *aside]))
    return Line(text, _MARKS.get(done.outcome, Mark.ODD))
