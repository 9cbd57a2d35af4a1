"""The exercise in CONTRIBUTING.md works as it is printed there."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lesson_lib
from lesson_lib.classroom.exercises import checking
from lesson_lib.classroom.exercises.catalogue import EXERCISES, MISCONCEPTIONS
from lesson_lib.classroom.exercises.content import load_lessons
from lesson_lib.classroom.exercises.exercise import Exercise
from tests.author import test_wrong_answers
from tests.classroom.exercises import test_proofs as proofs

CONTRIBUTING = Path(__file__).resolve().parents[3] / "CONTRIBUTING.md"
FOLDER = "lesson_lib/course/01/1_6_which_keys"


@pytest.fixture
def exercise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exercise:
    """Write the files as they are printed into a copy of notebook 01's folder, and load them."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    printed = re.findall(rf"^`{FOLDER}/(.*?)`.*?```\w+\n(.*?)```", text, re.MULTILINE | re.DOTALL)
    course = tmp_path / "copied_course"
    shutil.copytree(Path(lesson_lib.__file__).parent / "course" / "01", course / "01")
    for name, content in printed:
        path = course / "01" / "1_6_which_keys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    [lesson] = load_lessons(course, "copied_course", MISCONCEPTIONS)
    assert [each.id for each in lesson.exercises] == ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]
    monkeypatch.setattr(checking, "EXERCISES", {**EXERCISES, "1.6": lesson.exercises[-1]})
    return lesson.exercises[-1]


def test_the_example_passes_all_proofs(exercise: Exercise, run_cell: Callable[[str], Any]) -> None:
    """Its starter and its right and wrong answers pass the proofs of the course's own exercises."""
    proofs.test_every_exercise_has_enough_answers(exercise)
    proofs.test_the_starter_is_not_attempted(exercise, run_cell)
    test_wrong_answers.test_every_kind_has_two_answers_or_a_reason(exercise)
    test_wrong_answers.test_every_belief_has_its_evidence(exercise)
    assert [answer.misconception for answer in exercise.wrong] == [
        "keys-are-ordered-by-name",
        "",
        "typo-raises-an-error",
    ]
    for wrong in exercise.wrong:
        assert run_cell(wrong.cell).misconception == wrong.misconception
    for cell in (exercise.solution, *exercise.also_right):
        proofs.test_each_right_answer_is_right(exercise, cell, run_cell)
