"""Notebook files are read, tidied and written."""

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest
from nbformat.v4 import new_notebook, new_output

from lesson_lib.author.notebook_files import read_notebook, tidy, write_notebook
from lesson_lib.notebook_cells import NotebookError
from tests.author.lessons import code, save


def test_reading_gives_each_cell_a_stable_id(tmp_path: Path) -> None:
    """A cell keeps its id; a cell without an id, or with that of another, is named after its position."""
    path = save(tmp_path, *(code("x") for _ in range(4)))
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["nbformat_minor"] = 4
    for cell, wanted in zip(raw["cells"], ["mine", None, "mine", "cell-02"], strict=True):
        cell.pop("id")
        if wanted:
            cell["id"] = wanted
    path.write_text(json.dumps(raw), encoding="utf-8")

    notebook = read_notebook(path)

    assert [cell.id for cell in notebook.cells] == ["mine", "cell-02-b", "cell-03", "cell-02"]
    assert write_notebook(path, notebook)
    assert [cell.id for cell in read_notebook(path).cells] == ["mine", "cell-02-b", "cell-03", "cell-02"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting property name"),
        ("[]", "it is not a notebook of format 4."),
        ('{"nbformat": 3, "worksheets": []}', "it is not a notebook of format 4."),
        ('{"nbformat": 4}', "it has no list of cells, each with a type, a source and metadata."),
        (
            '{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "raw", "metadata": {}}]}',
            "it has no list",
        ),
        ('{"nbformat": 4, "cells": [], "worksheets": []}', "it: "),
        (
            '{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "", "metadata": {}}]}',
            "['cells'][0]: 'outputs' is a required property.",
        ),
    ],
)
def test_an_invalid_notebook_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    """The message has the name of the file and the reason."""
    path = tmp_path / "lesson.ipynb"
    path.write_text(text, encoding="utf-8")
    message = f"lesson.ipynb cannot be read as a notebook: {message}"
    with pytest.raises(NotebookError, match="^" + re.escape(message)):
        read_notebook(path)


def test_tidying_removes_what_differs_between_runs() -> None:
    """Times, versions, widget state and colours are removed; tags, outputs and the original stay."""
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

    kept = tidy(notebook)

    assert notebook == before
    assert kept.metadata == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert kept.cells[0].metadata == {"editable": False, "tags": ["raises-exception"]}
    assert [output.get("text") for output in kept.cells[0].outputs] == ["ab\n", None, "c\n"]
    assert kept.cells[0].outputs[1].traceback == ["KeyError: k"]
    assert tidy(kept) == kept


def test_only_a_changed_notebook_is_written(tmp_path: Path) -> None:
    """An unchanged one keeps its file; letters of any alphabet are kept; no other file is left behind."""
    path = save(tmp_path, code("'müller'"))
    notebook, inode = read_notebook(path), path.stat().st_ino

    assert not write_notebook(path, notebook)
    assert path.stat().st_ino == inode
    notebook.cells[0].source = "'šárka'"
    assert write_notebook(path, notebook)
    text = path.read_text(encoding="utf-8")
    assert "'šárka'" in text
    assert text.endswith("}\n")
    assert text.startswith('{\n "cells"')
    assert list(tmp_path.iterdir()) == [path]
