"""The course's modules import only what content may import: import-linter does not see folders such as 02."""

import ast
from pathlib import Path

import pytest

import lesson_lib

COURSE = Path(lesson_lib.__file__).parent / "course"
ENGINE = "lesson_lib.classroom.exercises"
# What a scenario needs of the engine: its results, the sandbox, and readers of answers and code.
ALLOWED_ENGINE = {
    f"{ENGINE}.{name}"
    for name in ("answers", "exercise", "placeholders", "restart", "row_difference", "sandbox")
}
ALLOWED = (
    "lesson_lib.classroom.display",
    "lesson_lib.classroom.lab",
    "lesson_lib.classroom.pages",
    "lesson_lib.classroom.simulator",
    "lesson_lib.course",
    "lesson_lib.pipeline",
)
MODULES = sorted([*COURSE.glob("*.py"), *COURSE.glob("*/*/scenarios.py")])


def find_imports(path: Path) -> set[str]:
    """Return the modules of this project that a file imports from, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "The course's modules are imported by their whole names."
            found.add(node.module or "")
    return {name for name in found if name.split(".")[0] == "lesson_lib"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(COURSE).as_posix())
def test_the_course_imports_no_engine(path: Path) -> None:
    """A scenario knows its sandbox and its result, but neither `check`, the catalogue nor the progress."""
    forbidden = {
        name
        for name in find_imports(path)
        if name not in ALLOWED_ENGINE and not any(f"{name}.".startswith(f"{each}.") for each in ALLOWED)
    }
    assert forbidden == set()


def test_all_modules_of_the_course_are_examined() -> None:
    """Answers are cells for a notebook, and every other Python file of the course is examined."""
    answers = {*COURSE.glob("*/*/*/*.py"), *COURSE.glob("*/*/starter.py"), *COURSE.glob("*/*/solution.py")}
    assert {*COURSE.rglob("*.py")} - answers == {*MODULES}
