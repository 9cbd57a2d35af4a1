"""Placeholders are found wherever learners still have to write something, and nowhere else."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lesson_lib.classroom.exercises.placeholders import find_placeholders, has_placeholder

WITH_PLACEHOLDERS = {
    "def f():\n    ...": ["f, line 2: ..."],
    "def f():\n    '''Say what.'''": ["f, line 2: '''Say what.'''"],
    "def f():\n    pass": ["f, line 2: pass"],
    "async def f():\n    return ...": ["f, line 2: return ..."],
    "def f(keys=...):\n    return keys": ["f, line 1: def f(keys=...):"],
    "def f():\n    a = 1\n    b = ...\n    return a, ...": ["f, line 3: b = ...", "f, line 4: return a, ..."],
    "def f():\n    def g():\n        return ...\n    return g": ["f, line 3: return ..."],
    "def f(con):\n    con.execute('delete ____')": ["f, line 2: con.execute('delete ____')"],
    "def f(con, t):\n    con.execute(f'delete {t} ____')": ["f, line 2: con.execute(f'delete {t} ____')"],
    "def f(con):\n    con.execute('''\n  delete\n  ____\n  ''')": ["f, line 4: ____"],
    "def f(con):\n    con.execute('delete '\n  '____')": ["f, line 3: '____')"],
    "def f(con, t):\n    con.execute(f'''\n  {t}\n  ____''')": ["f, line 4: ____''')"],
    "def f(rows):\n    return rows(...)[0]": ["f, line 2: return rows(...)[0]"],
    "def f(rows):\n    return rows[...]": ["f, line 2: return rows[...]"],
    "@dg.asset(partitions_def=s3_partitions_def)\ndef f(context):\n    return ...": ["f, line 3: return ..."],
    "@dg.multi_asset(specs=[dg.AssetSpec('a')])\ndef f():\n    ...": ["f, line 3: ..."],
    "@dg.sensor()\ndef f(context):\n    return ...": ["f, line 3: return ..."],
    "class f:\n    def g(self):\n        ...": ["g, line 3: ..."],
    "class f:\n    name = ...": [""],
    "f = lambda key: ...": [""],
    "f = [1,\n     lambda key: ..., 2]": [""],
    "f = {'a': 1, 'b': [..., '____']}": ["", ""],
    "f = ...": [""],
}

COMPLETED = [
    "def f():\n    return None",
    "def f() -> tuple[str, ...]:\n    return ()",
    "def f(a: tuple[str, ...]) -> 'Callable[..., int]':\n    b: tuple[str, ...] = a\n    return b",
    "def f(a):\n    return cast(tuple[str, ...], a), a[..., 0]",
    "def f(a: '____'):\n    if a:\n        pass\n    return '_' * 4",
    "f = lambda rows: rows[..., 0]",
    "@dg.asset\ndef f() -> None:\n    '''Do it.'''\n    print()",
    "f = dg.AssetSpec('a')",
    "f = dg.AssetsDefinition(specs=[dg.AssetSpec('a')])",
    "class f:\n    '''____'''\n    a: tuple[str, ...] = ()",
    "f = len",
    "f = '___'",
    "f = []",
]


@pytest.mark.parametrize("cell", WITH_PLACEHOLDERS, ids=range(len(WITH_PLACEHOLDERS)))
def test_a_placeholder_is_found(cell: str, run_cell: Callable[[str], Any]) -> None:
    """It is found with its line, also after the same cell has run again."""
    for _ in range(2):
        assert list(find_placeholders(run_cell(f"{cell}\nf"))) == WITH_PLACEHOLDERS[cell]


@pytest.mark.parametrize("cell", COMPLETED, ids=range(len(COMPLETED)))
def test_a_completed_cell_has_no_placeholder(cell: str, run_cell: Callable[[str], Any]) -> None:
    """The dots of annotations and slices are not placeholders."""
    assert not has_placeholder(run_cell(f"{cell}\nf"))


@pytest.mark.parametrize(("body", "expected"), [("...", ["load, line 2: ..."]), ("return 8", [])])
def test_a_function_in_a_file_is_examined(body: str, expected: list[str], tmp_path: Path) -> None:
    """Learners may write their answers in a module."""
    path = tmp_path / "mine.py"
    path.write_text(f"def load():\n    {body}\n")
    spec = importlib.util.spec_from_file_location("mine", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert list(find_placeholders(module.load)) == expected


def test_a_function_without_source_text_is_judged_by_its_constants() -> None:
    """Python keeps no text of code that `exec` has run."""
    names: dict[str, Any] = {}
    exec("def unfinished():\n    return ...\ndef completed():\n    return 8", names)  # noqa: S102 - code of this test
    assert list(find_placeholders(names["unfinished"])) == [""]
    assert not has_placeholder(names["completed"])
