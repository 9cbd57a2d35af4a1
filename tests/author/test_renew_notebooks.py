"""`make notebooks` fills in, executes and stores notebooks."""

import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_markdown_cell

import lesson_lib.author.notebook_rules as rules
from lesson_lib.author import renew_notebooks
from lesson_lib.author.editions import make_learner_edition
from lesson_lib.author.exercise_outcomes import read_outcomes
from lesson_lib.author.notebook_files import format_notebook, read_notebook, tidy, write_notebook
from lesson_lib.classroom.exercises import catalogue
from tests.author.lessons import LESSON, code, gardening, save

PRINTING = """\
import time
for row in range(3):
    print("row", row, flush=True)
    time.sleep(0.3)"""

PICTURE = r"""
from IPython.display import HTML, Image
display(Image(b"\x89PNG\r\n\x1a\n" + bytes(16), format="png"))
display(HTML("<b>17 rows</b>"))"""


def test_a_renewed_notebook_is_the_same_again_and_passes_strict_nbval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Output in pieces, HTML, a picture and an announced error are stored, and stay the same."""
    path = save(
        tmp_path,
        new_markdown_cell("# What is stored?"),
        code("%xmode Minimal"),
        code("x = 1"),
        code(PRINTING),
        code(PICTURE),
        code("{}['acme']", "raises-exception", "raises:KeyError"),
    )

    assert renew_notebooks.main([str(path)]) == 0
    first = path.read_bytes()
    assert capsys.readouterr().out.startswith("lesson.ipynb: renewed, ")
    assert renew_notebooks.main([str(path)]) == 0
    assert capsys.readouterr().out.startswith("lesson.ipynb: unchanged, ")

    stored = read_notebook(path)
    kinds = [
        [output.get("name") or output.get("ename") or sorted(output.data) for output in cell.outputs]
        for cell in rules.list_code_cells(stored)
    ]
    picture, page = ["image/png", "text/plain"], ["text/html", "text/plain"]
    assert kinds == [["stdout"], [], ["stdout"], [picture, page], ["KeyError"]]
    assert rules.list_code_cells(stored)[2].outputs[0].text == "row 0\nrow 1\nrow 2\n"
    assert rules.list_code_cells(stored)[4].outputs[0].traceback == ["KeyError: 'acme'\n"]
    assert first == path.read_bytes() == format_notebook(tidy(stored)).encode()
    assert rules.find_cells_out_of_order(stored) == []

    strict = (
        sys.executable,
        *["-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider"],
    )
    done = subprocess.run([*strict, path.name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "5 passed" in done.stdout, done.stdout


WRONG = {
    "fails": (code("1 / 0"), ": cell [2] failed with ZeroDivisionError: division by zero."),
    "holds": (
        code("1 / 1", "raises-exception", "raises:ZeroDivisionError"),
        ", In [2] '1 / 1': it announces ZeroDivisionError, but raised nothing. Correct the cell or its tag.",
    ),
    "fails-otherwise": (
        code("x", "raises-exception", "raises:ZeroDivisionError"),
        ", In [2] 'x': it announces ZeroDivisionError, but raised NameError. Correct the cell or its tag.",
    ),
    "dies": (code("import os; os._exit(1)"), ": cell [2] ended its kernel, perhaps for want of memory."),
}


def test_a_cell_that_fails_leaves_the_file_unchanged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the notebook, the cell and the error; other notebooks are renewed."""
    wrong = {name: save(tmp_path, code("1"), cell, name=name) for name, (cell, _) in WRONG.items()}
    right = save(tmp_path, code("2 + 2"), name="right")
    before = {name: path.read_bytes() for name, path in wrong.items()}

    assert renew_notebooks.main([str(path) for path in (*wrong.values(), right)]) == 1

    printed = capsys.readouterr()
    assert set(printed.err.splitlines()) == {
        line
        for name, (_, message) in WRONG.items()
        for line in (
            f"{name}.ipynb{message}",
            f"{name}.ipynb has not changed. Correct the cell and renew again.",
        )
    }
    assert printed.out.startswith("right.ipynb: renewed, ")
    assert {name: path.read_bytes() for name, path in wrong.items()} == before
    assert read_notebook(right).cells[0].outputs[0].data == {"text/plain": "4"}
    assert set(tmp_path.iterdir()) == {*wrong.values(), right}


def test_renewal_reports_what_the_tests_would_find(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The notebook is written all the same, so that the author can look at it."""
    path = save(tmp_path, code("import os\nprint(os.getcwd())"))

    assert renew_notebooks.main([str(path)]) == 0

    printed = capsys.readouterr().out
    assert "to correct before you commit: In [1] 'import os': stdout holds an absolute path" in printed
    assert str(tmp_path) in read_notebook(path).cells[0].outputs[0].text


def test_renewal_fills_in_the_exercises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fills them in before the notebook is executed, so the outputs are those of the new cells."""
    monkeypatch.setattr(catalogue, "LESSONS", (LESSON,))
    path = save(tmp_path, *gardening().cells, name=LESSON.notebook)

    assert renew_notebooks.main([str(path)]) == 0

    stored = read_notebook(path)
    assert format_notebook(make_learner_edition(stored, LESSON)) == format_notebook(stored)
    assert read_outcomes(stored, LESSON) == {
        "7.1": ["no guess yet", "no guess"],
        "7.2": ["not attempted"],
    }
    assert "answers" not in capsys.readouterr().out
    stored.cells[4].source = LESSON.exercises[1].solution
    assert write_notebook(path, stored)
    assert renew_notebooks.main([str(path)]) == 0
    assert ", which answers 7.2. Take it out." in capsys.readouterr().out


def test_a_tag_without_its_counterpart_stops_the_renewal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each one is reported with its notebook, which does not change."""
    monkeypatch.setattr(catalogue, "LESSONS", (LESSON,))
    path = save(tmp_path, *gardening().cells[:-2], name=LESSON.notebook)
    before = path.read_bytes()

    assert renew_notebooks.main([str(path)]) == 1

    assert capsys.readouterr().err.splitlines() == [
        "07_gardening.ipynb: No cell has the tag 'task:7.2'. Add an empty prose cell with it.",
        "07_gardening.ipynb: No cell has the tag 'exercise:7.2'. Add an empty code cell with it.",
        "07_gardening.ipynb has not changed. Correct the cell and renew again.",
    ]
    assert path.read_bytes() == before


def test_a_missing_notebook_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name stops the renewal."""
    with pytest.raises(SystemExit):
        renew_notebooks.main(["no_such.ipynb"])
    assert "there is no notebook no_such.ipynb" in capsys.readouterr().err
