"""Reading, executing, renewing and writing notebooks, each on a notebook in a folder of its own."""

import asyncio
import json
import os
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import lesson_lib.author.notebook_rules as rules
from lesson_lib.author import renew_notebooks, rhythm
from lesson_lib.author.editions import learner_edition
from lesson_lib.author.notebook_runs import (
    ROOT,
    NotebookError,
    executed,
    executed_twice,
    read,
    text_of,
    tidied,
    write,
)
from lesson_lib.author.standings import standings
from lesson_lib.classroom.exercises import catalogue
from tests.author.lessons import LESSON, gardening


def code(source: str, *tags: str) -> NotebookNode:
    """A code cell that nobody has run."""
    return new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def saved(folder: Path, *cells: NotebookNode, name: str = "lesson") -> Path:
    """A notebook of these cells in a folder, its ids by position."""
    path = folder / f"{name}.ipynb"
    for number, cell in enumerate(cells):
        cell.id = f"c{number}"
    path.write_text(text_of(new_notebook(cells=list(cells))), encoding="utf-8")
    return path


PRINTING = """\
import time
for row in range(3):
    print("row", row, flush=True)
    time.sleep(0.3)"""

CHART = """\
_, ax = plt.subplots(figsize=(2, 1))
ax.bar(["acme", "o'hare"], [8, 9])
display(HTML("<b>17 rows</b>"))"""


def test_a_renewed_notebook_is_the_same_again_and_passes_strict_nbval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Printing in pieces, a table, a chart and an announced error: stored once, stable ever after."""
    path = saved(
        tmp_path,
        new_markdown_cell("# What comes?"),
        code("%xmode Minimal\nfrom matplotlib import pyplot as plt"),
        code("from IPython.display import HTML"),
        code(PRINTING),
        code(CHART),
        code("{}['acme']", "raises-exception", "raises:KeyError"),
    )

    assert renew_notebooks.main([str(path)]) == 0
    first = path.read_bytes()
    assert capsys.readouterr().out.startswith("lesson.ipynb: renewed, ")
    assert renew_notebooks.main([str(path)]) == 0
    assert capsys.readouterr().out.startswith("lesson.ipynb: unchanged, ")

    stored = read(path)
    kinds = [
        [output.get("name") or output.get("ename") or sorted(output.data) for output in cell.outputs]
        for cell in rules.code_cells(stored)
    ]
    page, chart = ["text/html", "text/plain"], ["image/png", "text/plain"]
    assert kinds == [["stdout"], [], ["stdout"], [page, chart], ["KeyError"]]
    assert rules.code_cells(stored)[2].outputs[0].text == "row 0\nrow 1\nrow 2\n"
    assert rules.code_cells(stored)[4].outputs[0].traceback == ["KeyError: 'acme'\n"]
    assert first == path.read_bytes() == text_of(tidied(stored)).encode()
    assert rules.cells_ran_in_order(stored) == []

    strict = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run([*strict, path.name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "5 passed" in done.stdout, done.stdout


WRONG = {
    "fails": (code("1 / 0"), "In [2] '1 / 0': ZeroDivisionError: division by zero"),
    "holds": (
        code("1 / 1", "raises-exception", "raises:ZeroDivisionError"),
        "In [2] '1 / 1': it announces ZeroDivisionError, but raised nothing. Correct the cell or its tag.",
    ),
    "fails-otherwise": (
        code("1 / x", "raises-exception", "raises:ZeroDivisionError"),
        "In [2] '1 / x': it announces ZeroDivisionError, but raised NameError. Correct the cell or its tag.",
    ),
    "dies": (code("import os; os._exit(1)"), "In [2] 'import os; os._exit(1)': the kernel died."),
}


def test_a_cell_that_goes_wrong_leaves_the_file_untouched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names notebook, cell and error; the notebook beside it is renewed all the same."""
    wrong = {name: saved(tmp_path, code("1"), cell, name=name) for name, (cell, _) in WRONG.items()}
    right = saved(tmp_path, code("2 + 2"), name="right")
    before = {name: path.read_bytes() for name, path in wrong.items()}

    assert renew_notebooks.main([str(path) for path in (*wrong.values(), right)]) == 1

    said = capsys.readouterr()
    assert set(said.err.splitlines()) == {
        line
        for name, (_, message) in WRONG.items()
        for line in (
            f"{name}.ipynb, {message}",
            f"{name}.ipynb is untouched. Mend the cell and renew again.",
        )
    }
    assert said.out.startswith("right.ipynb: renewed, ")
    assert {name: path.read_bytes() for name, path in wrong.items()} == before
    assert read(right).cells[0].outputs[0].data == {"text/plain": "4"}
    assert set(tmp_path.iterdir()) == {*wrong.values(), right}


def test_renewal_says_what_the_gates_will_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The author reads it at once, and the notebook is written to be looked at."""
    path = saved(tmp_path, code("import os\nprint(os.getcwd())"))

    assert renew_notebooks.main([str(path)]) == 0

    said = capsys.readouterr().out
    assert "to mend before it is committed: In [1] 'import os': stdout holds an absolute path" in said
    assert str(tmp_path) in read(path).cells[0].outputs[0].text


def test_renewal_fills_in_what_the_library_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it executes, so that what is stored is what the filled-in cells show."""
    monkeypatch.setattr(catalogue, "LESSONS", (LESSON,))
    path = saved(tmp_path, *gardening().cells, name=LESSON.notebook)

    assert renew_notebooks.main([str(path)]) == 0

    stored = read(path)
    assert text_of(learner_edition(stored, LESSON)) == text_of(stored)
    assert standings(stored, LESSON) == {"7.1": ["no guess yet", "as you guessed"], "7.2": ["not attempted"]}
    assert "answers" not in capsys.readouterr().out
    stored.cells[4].source = LESSON.exercises[1].solution
    assert write(path, stored)
    assert renew_notebooks.main([str(path)]) == 0
    assert ", which answers 7.2. Take it out." in capsys.readouterr().out


def test_renewal_refuses_a_tag_without_its_counterpart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is named with its notebook, which is left as it was."""
    monkeypatch.setattr(catalogue, "LESSONS", (LESSON,))
    path = saved(tmp_path, *gardening().cells[:-2], name=LESSON.notebook)
    before = path.read_bytes()

    assert renew_notebooks.main([str(path)]) == 1

    assert capsys.readouterr().err.splitlines() == [
        "07_gardening.ipynb: No cell has the tag 'task:7.2'. Add an empty prose cell with it.",
        "07_gardening.ipynb: No cell has the tag 'exercise:7.2'. Add an empty code cell with it.",
        "07_gardening.ipynb is untouched. Mend the cell and renew again.",
    ]
    assert path.read_bytes() == before


def test_a_notebook_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is renewed when a name is misspelt."""
    with pytest.raises(SystemExit):
        renew_notebooks.main(["no_such.ipynb"])
    assert "there is no notebook no_such.ipynb" in capsys.readouterr().err


def test_a_second_run_of_each_cell_is_seen(tmp_path: Path) -> None:
    """What only works once, and what changes, is found; what the tag announces is not."""
    cells = [
        code("rows, here = [], True"),
        code("rows.append(8)\nlen(rows)"),
        code("del here"),
        code("rows.append(8)\nlen(rows)", "changes-when-repeated"),
        code("rows = []\nlen(rows)"),
    ]
    path = saved(tmp_path, *cells)

    first, second = asyncio.run(executed_twice(path, read(path)))

    assert [len(each.cells) for each in (first, second)] == [5, 5]
    raised, changed, gone = rules.repeats_well(first, second)
    assert raised.startswith("run again, In [3] 'del here': it raised NameError, which no tag announces.")
    assert changed.startswith("In [2] 'rows.append(8)': run again, text/plain: '1' became '2'.")
    assert gone.startswith("In [3] 'del here': run again, [] became [['error']].")


def test_a_fresh_run_goes_through_errors_and_sees_what_is_not_stored(tmp_path: Path) -> None:
    """Vacuous cells are caught both ways; the kernel runs beside the notebook, with the variables given."""
    shows = "import os\n(os.path.basename(os.getcwd()), os.environ['LESSON'])"
    path = saved(tmp_path, code("1 / 0"), code(shows), code("x = 1"))
    stored = read(path)
    stored.cells[2].outputs = [new_output("stream", text="1")]

    fresh = asyncio.run(executed(path, stored, through_errors=True, env={"LESSON": "01"}))

    assert fresh.cells[1].outputs[0].data["text/plain"] == f"({tmp_path.name!r}, '01')"
    assert [finding.split(": ")[1].split(".")[0] for finding in rules.same_outputs(stored, fresh)] == [
        "it shows something when run, but no output is stored",
        "it shows something when run, but no output is stored",
        "it has stored outputs, but shows nothing when run",
    ]
    assert rules.errors_are_announced(fresh)[0].startswith("In [1] '1 / 0': it raised ZeroDivisionError")


def test_nobodys_progress_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each execution begins with an empty progress of its own, whatever this process has."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path / "mine.json"))
    hinted = "from lesson_lib.classroom.exercises.progress_store import HintGiven, record"
    cells = [code(hinted), code('list(record(HintGiven("7.1")).exercises.values())[0].hints')]
    path = saved(tmp_path, *cells)
    for _ in range(2):
        fresh = asyncio.run(executed(path, read(path)))
        assert fresh.cells[1].outputs[0].data == {"text/plain": "1"}
    assert list(tmp_path.iterdir()) == [path]


def test_nbval_keeps_a_progress_for_each_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the course's own conftest has it: apart from each other's, and from the learner's."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path / "mine.json"))
    shows = "from lesson_lib.classroom.exercises.progress_store import progress_file\nprogress_file().name"
    for name in ("one", "two"):
        notebook = read(saved(tmp_path, code(shows), name=name))
        notebook.cells[0].execution_count = 1
        notebook.cells[0].outputs = [
            new_output("execute_result", data={"text/plain": f"'{name}.json'"}, execution_count=1)
        ]
        assert write(tmp_path / f"{name}.ipynb", notebook)
    (tmp_path / "conftest.py").write_bytes((ROOT / "conftest.py").read_bytes())
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    paths = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=paths, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout
    assert not (tmp_path / "mine.json").exists()


def test_reading_gives_each_cell_a_lasting_id(tmp_path: Path) -> None:
    """A cell keeps its id; one without, or with another's, is called after its position."""
    path = saved(tmp_path, *(code("x") for _ in range(4)))
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["nbformat_minor"] = 4
    for cell, wanted in zip(raw["cells"], ["mine", None, "mine", "cell-02"], strict=True):
        cell.pop("id")
        if wanted:
            cell["id"] = wanted
    path.write_text(json.dumps(raw), encoding="utf-8")

    notebook = read(path)

    assert [cell.id for cell in notebook.cells] == ["mine", "cell-02-b", "cell-03", "cell-02"]
    assert write(path, notebook)
    assert [cell.id for cell in read(path).cells] == ["mine", "cell-02-b", "cell-03", "cell-02"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "lesson.ipynb is not a notebook: Expecting property name"),
        ("[]", "lesson.ipynb is not a notebook of format 4."),
        ('{"nbformat": 3, "worksheets": []}', "lesson.ipynb is not a notebook of format 4."),
        (
            '{"nbformat": 4, "cells": [], "worksheets": []}',
            "lesson.ipynb is not valid: The notebook is invalid",
        ),
        (
            '{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "raw", "metadata": {}}]}',
            "lesson.ipynb['cells'][0] is not valid: 'source' is a required property.",
        ),
    ],
)
def test_what_is_no_notebook_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    """By renewal and by the table of rhythms alike."""
    path = tmp_path / "lesson.ipynb"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(NotebookError, match="^" + re.escape(message)):
        read(path)
    assert rhythm.main([str(path)]) == 1
    assert capsys.readouterr().err.startswith(message)


def test_tidying_keeps_what_lasts() -> None:
    """Times, versions, widget state and colours go; tags and what a cell shows stay, and the original too."""
    cell = code("x", "raises-exception")
    cell.metadata |= {
        "execution": {"iopub.execute_input": "2031-05-06T07:08"},
        "scrolled": True,
        "editable": False,
    }
    cell.outputs = [
        new_output("stream", text="a"),
        new_output("stream", text="b\n"),
        new_output("stream", text=""),
        new_output("error", ename="KeyError", evalue="k", traceback=["\x1b[31mKeyError\x1b[39m: k"]),
        new_output("stream", text="c\n"),
    ]
    notebook = new_notebook(
        cells=[cell], metadata={"widgets": {}, "language_info": {"name": "python", "version": "3.11.9"}}
    )
    before = deepcopy(notebook)

    tidy = tidied(notebook)

    assert notebook == before
    assert tidy.metadata == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert tidy.cells[0].metadata == {"editable": False, "tags": ["raises-exception"]}
    assert [output.get("text") for output in tidy.cells[0].outputs] == ["ab\n", None, "c\n"]
    assert tidy.cells[0].outputs[1].traceback == ["KeyError: k"]
    assert tidied(tidy) == tidy


def test_writing_is_all_or_nothing_and_only_of_what_changed(tmp_path: Path) -> None:
    """An unchanged notebook keeps its file; letters of any alphabet are kept; nothing is left beside it."""
    path = saved(tmp_path, code("'müller'"))
    notebook, inode = read(path), path.stat().st_ino

    assert not write(path, notebook)
    assert path.stat().st_ino == inode
    notebook.cells[0].source = "'šárka'"
    assert write(path, notebook)
    text = path.read_text(encoding="utf-8")
    assert "'šárka'" in text
    assert text.endswith("}\n")
    assert text.startswith('{\n "cells"')
    assert list(tmp_path.iterdir()) == [path]


def test_the_table_of_rhythms_names_long_cells(tmp_path: Path) -> None:
    """A line a notebook, and one for each cell of more than 15 lines."""
    path = saved(tmp_path, new_markdown_cell("one two three"), code("\n".join(["x = 1"] * 16)), code("y"))

    lines = rhythm.table([path]).splitlines()

    assert lines[2].split() == ["lesson", "3", "2", "8.5,", "16", "3", "/", "3", "/", "3"]
    assert lines[3:] == ["  over 15 lines: In [1] 'x = 1'"]
