"""`progress` reports what was done in each exercise, and keeps exercises that it does not know."""

from lesson_lib.classroom.exercises import progress, surprises
from lesson_lib.classroom.exercises.catalogue import LESSONS
from lesson_lib.classroom.exercises.progress_store import (
    Attempted,
    HintGiven,
    Outcome,
    Predicted,
    load,
    record,
)


def test_each_exercise_has_a_line_with_its_objective() -> None:
    """The lines are in the order of the notebooks, the first guess counts, and right stays right."""
    record(Predicted("1.1", "6", "0", off=True))
    record(Predicted("1.1", "0", "0", off=False))
    record(HintGiven("1.2"))
    record(Attempted("1.2", Outcome.NOT_YET, ("definition-creates-keys",)))
    record(Attempted("1.2", Outcome.RIGHT))
    record(Attempted("99.9", Outcome.RIGHT))
    text = f"{progress()!r}\n"
    assert "2 of" in text.splitlines()[0]
    assert "✓ predicted, with a surprise" in text
    assert "✓ right, 2 attempts, 1 hint" in text
    assert "99.9" not in text
    assert "99.9" in load().exercises
    assert "`" not in text
    for lesson in LESSONS:
        lines = [
            line.strip() for line in text.splitlines() if line.strip().startswith(f"{int(lesson.number)}.")
        ]
        can = {objective.id: objective.text.replace("`", "") for objective in lesson.objectives}
        assert len(lines) == len(lesson.exercises)
        for line, exercise in zip(lines, lesson.exercises, strict=True):
            assert line.startswith(f"{exercise.id} {exercise.title}  ")
            assert line.endswith(f"  {can[exercise.objective]}")
    assert repr(surprises()).endswith("1.1: you guessed 6, and it is 0 (How many keys?)")


def test_a_reset_forgets_everything() -> None:
    """It also forgets unknown exercises, and the report names the file that is kept."""
    record(Attempted("99.9", Outcome.RIGHT))
    text = " ".join(repr(progress(reset=True)).split())
    assert text.startswith("Your progress: 0 of")
    assert "progress.1.json. A new file starts now." in text
    assert not load().exercises
    assert repr(surprises()) == "You have not guessed anything so far"
