"""`lesson solutions` and `lesson student`: editions of the notebooks, beside them and never over them."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from lesson_lib.author.editions import make_learner_edition
from lesson_lib.author.exercise_outcomes import read_outcomes
from lesson_lib.classroom.exercises import catalogue
from lesson_lib.cli import main
from tests.author.lessons import LESSON, gardening

FACT = 4  # the place of the cell that shows the fact


@pytest.fixture(autouse=True)
def written(notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write the lesson's notebook, as somebody left it who has run it, with another fact if one is given."""
    monkeypatch.setattr(catalogue, "LESSONS", (LESSON,))

    def write(fact: str | None = None, stem: str = LESSON.notebook) -> Path:
        cells = make_learner_edition(gardening(), LESSON).cells
        cells[3].source = "what a learner wrote"
        cells[FACT].source = cells[FACT].source if fact is None else fact
        for number, cell in enumerate(cells):
            if cell.cell_type == "code":
                cell.execution_count = 90 + number
                cell.outputs = [nbformat.v4.new_output("stream", text="stale output")]
        return notebook(stem, *cells)

    return write


def test_solutions_are_run_and_kept_as_notebook_and_page(
    checkout: Path, written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """They are marked as solutions, every exercise is right, and the notebook itself does not change."""
    path = written()
    before = path.read_bytes()
    assert main(["solutions"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "07_gardening: every exercise is right. Read output/solutions/07_gardening.html"
    ]
    folder = checkout / "output" / "solutions"
    solved = nbformat.read(folder / path.name, as_version=4)
    assert solved.cells[0].source.startswith("# 07 · Gardening (solutions)\n")
    assert read_outcomes(solved, LESSON) == {"7.1": ["noted", "as you guessed"], "7.2": ["right"]}
    page = (folder / "07_gardening.html").read_text(encoding="utf-8")
    assert "<title>07_gardening (solutions)</title>" in page
    assert "Exercise 7.2: right" in page
    assert sorted(each.name for each in folder.iterdir()) == ["07_gardening.html", "07_gardening.ipynb"]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("fact", "result"),
    [
        ("'nothing'", "not right are Prediction 7.1: noted"),
        ("1 / 0", "cell [2] failed with ZeroDivisionError: division by zero"),
    ],
)
def test_solutions_that_do_not_come_out_right_are_named(
    checkout: Path, written: Callable[..., Path], fact: str, result: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exercise or the cell that failed is named, and the edition is still written."""
    written(fact)
    assert main(["solutions", "07", "--output", "mine"]) == 1
    assert capsys.readouterr().out == f"07_gardening: {result}. Read mine/07_gardening.html\n"
    assert (checkout / "mine" / "07_gardening.ipynb").exists()
    assert not (checkout / "output").exists()


def test_a_student_gets_a_clean_copy(
    checkout: Path, written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """It has starters, tags, and no trace of anybody's runs."""
    path = written()
    before = path.read_bytes()
    assert main(["student"]) == 0
    assert capsys.readouterr().out == "Hand out output/student/07_gardening.ipynb\n"
    copy = nbformat.read(checkout / "output" / "student" / path.name, as_version=4)
    expected = make_learner_edition(gardening(), LESSON)
    assert copy.cells == expected.cells
    assert path.read_bytes() == before


def test_a_students_answers_are_not_written_over(
    checkout: Path, written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy is overwritten only if it is still as it was handed out."""
    path = written()
    assert main(["student"]) == main(["student"]) == 0
    copy = checkout / "output" / "student" / path.name
    answered = copy.read_text(encoding="utf-8").replace("Do 7.2.", "Done.")
    copy.write_text(answered, encoding="utf-8")
    capsys.readouterr()
    assert main(["student"]) == 1
    assert "somebody's answers may be in it. Move it away, or choose" in capsys.readouterr().err
    assert copy.read_text(encoding="utf-8") == answered


@pytest.mark.parametrize("command", ["solutions", "student"])
def test_the_courses_own_notebooks_are_never_overwritten(
    checkout: Path, written: Callable[..., Path], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """This also holds if the output folder is a link to them."""
    path = written()
    before = path.read_bytes()
    (checkout / "link").symlink_to(checkout / "notebooks")
    for folder in ("notebooks", "link"):
        assert main([command, "--output", folder]) == 1
        assert capsys.readouterr().err == (
            f"{folder} holds the course's own notebooks. Choose another folder with --output DIR.\n"
        )
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["solutions", "student"])
def test_nothing_is_written_of_a_notebook_that_does_not_fit(
    checkout: Path,
    notebook: Callable[..., Path],
    written: Callable[..., Path],
    command: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A wrong tag, a notebook without a lesson and a folder that cannot be made are each named."""
    written()
    notebook("08_other", "1 + 1")
    assert main([command]) == 1
    assert capsys.readouterr().err == (
        "08_other.ipynb belongs to no lesson in lesson_lib/classroom/exercises. Give it the name of one: "
        "07_gardening.\n"
    )
    notebook("07_gardening", *make_learner_edition(gardening(), LESSON).cells[:-1])
    assert main([command, "07"]) == 1
    assert capsys.readouterr().err == (
        "07_gardening.ipynb: No cell has the tag 'exercise:7.2'. Add an empty code cell with it.\n"
    )
    written()
    assert not (checkout / "output").exists()
    (checkout / "output").write_text("a file")
    assert main([command, "07"]) == 1
    assert " cannot be written (Not a directory). Choose another folder" in capsys.readouterr().err
