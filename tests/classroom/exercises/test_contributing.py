"""The exercise that CONTRIBUTING.md shows is one."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lesson_lib.classroom.exercises import checking
from lesson_lib.classroom.exercises.exercise import Exercise, Miss
from lesson_lib.classroom.exercises.world import new_world
from tests.classroom.exercises import test_proofs as proofs

CONTRIBUTING = Path(__file__).resolve().parents[3] / "CONTRIBUTING.md"


@pytest.fixture
def exercise(monkeypatch: pytest.MonkeyPatch) -> Exercise:
    """The example as it is printed, in the course for the length of a test."""
    [section] = re.findall(
        r"(?s)^## Add an exercise\n(.*?)^## ", CONTRIBUTING.read_text("utf-8"), re.MULTILINE
    )
    [example] = re.findall(r"(?s)```python\n(.*?)```", section)
    names: dict[str, Any] = {"Exercise": Exercise, "Miss": Miss, "new_world": new_world}
    exec(example, names)  # noqa: S102 - the project's own text
    shown: Exercise = names["KEYS"]
    monkeypatch.setattr(checking, "EXERCISES", {shown.id: shown})
    return shown


def test_the_example_has_all_its_proofs(exercise: Exercise, run_cell: Callable[[str], Any]) -> None:
    """Blank, solutions and each mistake, as the exercises of the course."""
    proofs.test_every_exercise_ships_enough_of_them(exercise)
    proofs.test_a_blank_is_not_attempted(exercise, run_cell)
    for wrong in exercise.wrong:
        assert run_cell(wrong[0]).misconception == wrong[1]
    for cell in (exercise.solution, *exercise.also_right):
        proofs.test_each_solution_is_right(exercise, cell, run_cell)
