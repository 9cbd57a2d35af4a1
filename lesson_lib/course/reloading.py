"""Scenarios of a partition that is loaded again, for any source of CSV files."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from lesson_lib.classroom.display.safe_text import format_count
from lesson_lib.classroom.exercises.exercise import Miss, Scenario
from lesson_lib.classroom.exercises.sandbox import Sandbox, open_sandbox
from lesson_lib.pipeline.database_errors import summarize_error


@dataclass(frozen=True)
class Source:
    """A source of CSV files that are loaded again. Files are given by their text.

    Attributes:
        table: the table of the rows, with the columns of the files and `partition_key`.
        key: the key whose file arrives several times.
        file: its first version.
        corrected: its second version: rows are missing, and one value has changed.
        broken: its last version: a value in the middle does not fit its column.
        other_key: another key.
        other_file: the file of the other key.
    """

    table: str
    key: str
    file: str
    corrected: str
    broken: str
    other_key: str
    other_file: str


Load = Callable[[Sandbox, Any, str], object]
"""Takes the sandbox, the learner's answer and a key, and loads the key's file with the answer."""

Happening = Callable[[Sandbox, Source, Callable[[str], object]], Miss | None]
"""Takes the sandbox, its source, and a function that loads a key with the answer; returns the fault."""

_KEY_WITH_APOSTROPHE = "o'hare"
_KEY_WITH_UNDERSCORE = "blue_bird"
_LOOKALIKES = ("blue-bird", "BLUE_BIRD", "blue")  # they match with `like`, in lower case, or as a part
_KEY_WITH_SQL = "nobody'; drop table {table}; --"


def scenario(happening: Happening, source: Source, load: Load) -> Scenario:
    """Return the scenario of a happening for a source; its name is the docstring of the happening."""

    def run(answer: object) -> Miss | None:
        with open_sandbox() as sandbox:
            try:
                return happening(sandbox, source, lambda key: load(sandbox, answer, key))
            except _UnreadableTable as reason:
                return Miss(seen=str(reason), expected=f"{source.table}, with the rows of each key")

    names = {"key": source.key, "other": source.other_key}
    run.__doc__ = str(happening.__doc__).format_map(names)
    return run


def named_after_a_day(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """{key}, with rows of that day and of others, is loaded twice."""
    sandbox.write(source.key, source.file)
    load(source.key)
    load(source.key)
    file, found = _read_file(source, source.file), _read_stored(sandbox, source, source.key)
    # If only some rows are there twice, the others were found by their date.
    if 0 < (found - file).total() < file.total():
        return _compare(source.key, found, file, "deleting-by-date-is-enough")
    return None


def loaded_three_times(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """{key} is loaded three times."""
    sandbox.write(source.key, source.file)
    for _ in range(3):
        load(source.key)
    file, found = _read_file(source, source.file), _read_stored(sandbox, source, source.key)
    if not found and (without_key := _read_stored(sandbox, source, None)):
        return Miss(
            seen=f"{format_count(without_key.total(), 'row')} whose partition_key is NULL",
            expected=f"{format_count(file.total(), 'row')} of {source.key}",
        )
    if not found:
        rows = f"{format_count(file.total(), 'row')} of {source.key}"
        return Miss(
            seen=f"0 rows of {source.key}", expected=f"{rows}, inserted after the delete and committed"
        )
    belief = "loading-twice-is-harmless" if found.total() > file.total() else ""
    return _compare(source.key, found, file, belief)


def corrected(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """{key} sends its file again, corrected and with fewer rows."""
    sandbox.write(source.key, source.file)
    load(source.key)
    sandbox.write(source.key, source.corrected)
    load(source.key)
    file, found = _read_file(source, source.corrected), _read_stored(sandbox, source, source.key)
    belief = "loading-what-is-new-is-enough" if found - file else ""
    return _compare(source.key, found, file, belief)


def beside_another(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """{key} is loaded after {other}."""
    sandbox.write(source.other_key, source.other_file)
    sandbox.write(source.key, source.file)
    load(source.other_key)
    load(source.key)
    found = _read_stored(sandbox, source, source.other_key)
    return _compare(
        source.other_key, found, _read_file(source, source.other_file), "emptying-the-table-is-enough"
    )


def beside_lookalikes(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """The key is much like others: blue_bird is loaded after blue-bird, BLUE_BIRD and blue."""
    for key in (*_LOOKALIKES, _KEY_WITH_UNDERSCORE):
        sandbox.write(key, source.other_file)
        load(key)
    file = _read_file(source, source.other_file)
    compared = (
        _compare(key, _read_stored(sandbox, source, key), file, "any-comparison-finds-a-key")
        for key in (*_LOOKALIKES, _KEY_WITH_UNDERSCORE)
    )
    return next(filter(None, compared), None)


def with_columns_in_another_order(
    sandbox: Sandbox, source: Source, load: Callable[[str], object]
) -> Miss | None:
    """{key} is loaded, and then {other}, whose columns come in another order."""
    sandbox.write(source.key, source.file)
    load(source.key)
    reordered = _reverse_columns(source.other_file)
    sandbox.write(source.other_key, reordered)
    belief, file = "columns-are-matched-by-name", _read_file(source, reordered)
    try:
        load(source.other_key)
    except duckdb.Error as error:  # such as text in a column of dates
        seen = f"{type(error).__name__}: {summarize_error(error)}"
        return Miss(belief, seen=seen, expected=f"{format_count(file.total(), 'row')} of {source.other_key}")
    return _compare(source.other_key, _read_stored(sandbox, source, source.other_key), file, belief)


def with_an_apostrophe(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """The key has an apostrophe: o'hare."""
    return _load_awkward_key(_KEY_WITH_APOSTROPHE, sandbox, source, load)


def with_sql_in_the_key(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """The key has SQL in it, and wants to drop the table."""
    return _load_awkward_key(_KEY_WITH_SQL.format(table=source.table), sandbox, source, load)


def broken_after_good(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """{key} sends a good file, and then a broken one."""
    sandbox.write(source.key, source.file)
    load(source.key)
    sandbox.write(source.key, source.broken)
    failed = False
    try:
        load(source.key)
    except Exception:  # noqa: BLE001 - an answer may reject the file with any exception
        failed = True
    good, found = _read_file(source, source.file), _read_stored(sandbox, source, source.key)
    if failed or not found:
        return _compare(source.key, found, good, "delete-then-insert-is-safe")
    return Miss(
        "caught-errors-are-handled",
        seen=f"{format_count(found.total(), 'row')} of {source.key}, and a run that succeeded",
        expected=f"the {format_count(good.total(), 'row')} of the good file, and a run that fails",
    )


def _load_awkward_key(
    key: str, sandbox: Sandbox, source: Source, load: Callable[[str], object]
) -> Miss | None:
    """Load a key with special characters of SQL twice, after an ordinary key."""
    sandbox.write(source.key, source.file)
    load(source.key)
    sandbox.write(key, source.other_file)
    belief, file = "quotes-make-a-key-safe", _read_file(source, source.other_file)
    try:
        load(key)
        load(key)
        found = _read_stored(sandbox, source, key)
        before = _compare(
            source.key, _read_stored(sandbox, source, source.key), _read_file(source, source.file), belief
        )
    except (duckdb.Error, _UnreadableTable) as error:
        # The ordinary key was loaded, so the special characters are the reason.
        seen = (
            f"{type(error).__name__}: {summarize_error(error)}"
            if isinstance(error, duckdb.Error)
            else str(error)
        )
        return Miss(belief, seen=seen, expected=f"{format_count(file.total(), 'row')} of {key}")
    if found.total() > file.total():
        belief = "loading-twice-is-harmless"
    return _compare(key, found, file, belief) or before


class _UnreadableTable(Exception):
    """The rows of the table cannot be read; the message says why."""


_Rows = Counter[tuple[Any, ...]]


@cache
def _list_columns(source: Source) -> str:
    """Return the columns, each cast to the type that it has in both files, because the table's may differ."""
    query = "describe from read_csv(?, union_by_name = true)"
    found = _query_texts([source.file, source.other_file], query)
    quoted = {str(name).replace('"', '""'): type_ for name, type_, *_ in found}
    return ", ".join(f'try_cast("{name}" as {type_})' for name, type_ in quoted.items())


def _read_stored(sandbox: Sandbox, source: Source, key: str | None) -> _Rows:
    query = f"select {_list_columns(source)} from {source.table} where partition_key is not distinct from ?"  # noqa: S608 - names of the course
    try:
        return Counter(sandbox.query(query, key))
    except duckdb.CatalogException:
        raise _UnreadableTable(f"no table {source.table}") from None
    except duckdb.Error as error:
        raise _UnreadableTable(f"{source.table} cannot be read: {summarize_error(error)}") from None


@cache
def _read_file(source: Source, text: str) -> _Rows:
    return Counter(_query_texts([text], f"select {_list_columns(source)} from read_csv(?)"))  # noqa: S608 - names of the course


def _query_texts(texts: list[str], query: str) -> list[tuple[Any, ...]]:
    """Run a query on files with these texts, in a new database."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        paths = [Path(folder, f"{number}.csv") for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8", newline="")
        return con.execute(query, [list(map(str, paths))]).fetchall()


@cache
def _reverse_columns(text: str) -> str:
    """Return the text of a file with its columns in reverse order."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        path, reordered = Path(folder, "file.csv"), Path(folder, "reordered.csv")
        path.write_text(text, encoding="utf-8", newline="")
        rows = con.read_csv(str(path), all_varchar=True)
        last_first = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in reversed(rows.columns))
        rows.project(last_first).write_csv(str(reordered), header=True)
        return reordered.read_text(encoding="utf-8")


def _compare(key: str, found: _Rows, file: _Rows, misconception: str) -> Miss | None:
    """Return the fault in the rows of a key, if they differ from its file."""
    if found == file:
        return None
    unexpected = Counter({row: count for row, count in found.items() if row not in file}).total()
    aside = f", {unexpected} of them not as in its file" if unexpected else ""
    return Miss(
        misconception,
        seen=f"{format_count(found.total(), 'row')} of {key}{aside}",
        expected=f"{format_count(file.total(), 'row')} of {key}",
    )
