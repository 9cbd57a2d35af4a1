"""What may happen to a partition that is loaded again, for any source of CSV files and any table of them."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from lesson_lib.classroom.display.safe_text import counted
from lesson_lib.classroom.exercises.exercise import Miss, Scenario
from lesson_lib.classroom.exercises.sandbox import Sandbox, open_sandbox
from lesson_lib.pipeline.database_errors import summarize_error


@dataclass(frozen=True)
class Source:
    """A source of CSV files, as far as it matters when they are loaded again. A file is its text.

    Attributes:
        table: where the rows are stored: the columns of the files, and `partition_key`.
        key: whose file comes several times.
        file: as it first comes.
        corrected: as it comes next: rows are missing, and in another one a value has changed.
        broken: as it comes last: a value in the middle is none that its column can hold.
        other_key: somebody else's.
        other_file: its file.
    """

    table: str
    key: str
    file: str
    corrected: str
    broken: str
    other_key: str
    other_file: str


Load = Callable[[Sandbox, Any, str], object]
"""Takes the sandbox, the learner's answer and a key, and has the answer load this key's file."""

Happening = Callable[[Sandbox, Source, Callable[[str], object]], Miss | None]
"""Takes the sandbox, its source, and what loads a key with the learner's answer; says what is wrong then."""

_AWKWARD = "o'hare"
_ALIKE = "blue_bird"
_LOOKALIKES = ("blue-bird", "BLUE_BIRD", "blue")  # to `like`, without upper case, and as a part of it
_HOSTILE = "nobody'; drop table {table}; --"


def scenario(happening: Happening, source: Source, load: Load) -> Scenario:
    """Return the scenario in which this happens to this source, named as the happening's docstring says."""

    def run(answer: object) -> Miss | None:
        with open_sandbox() as sandbox:
            try:
                return happening(sandbox, source, lambda key: load(sandbox, answer, key))
            except _Unreadable as reason:
                return Miss(seen=str(reason), expected=f"{source.table}, with the rows of each key")

    names = {"key": source.key, "other": source.other_key}
    run.__doc__ = str(happening.__doc__).format_map(names)
    return run


def named_after_a_day(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """{key}, with rows of that day and of others, is loaded twice."""
    sandbox.write(source.key, source.file)
    load(source.key)
    load(source.key)
    file, found = _in_file(source, source.file), _stored(sandbox, source, source.key)
    # Only some of them twice: the others were found by their date. All of them twice is another matter.
    if 0 < (found - file).total() < file.total():
        return _compared(source.key, found, file, "deleting-by-date-is-enough")
    return None


def loaded_three_times(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """{key} is loaded three times."""
    sandbox.write(source.key, source.file)
    for _ in range(3):
        load(source.key)
    file, found = _in_file(source, source.file), _stored(sandbox, source, source.key)
    if not found and (nobodys := _stored(sandbox, source, None)):
        return Miss(
            seen=f"{counted(nobodys.total(), 'row')} whose partition_key is NULL",
            expected=f"{counted(file.total(), 'row')} of {source.key}",
        )
    if not found:
        rows = f"{counted(file.total(), 'row')} of {source.key}"
        return Miss(
            seen=f"0 rows of {source.key}", expected=f"{rows}, inserted after the delete and committed"
        )
    belief = "loading-twice-is-harmless" if found.total() > file.total() else ""
    return _compared(source.key, found, file, belief)


def corrected(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """{key} sends its file again, corrected and with fewer rows."""
    sandbox.write(source.key, source.file)
    load(source.key)
    sandbox.write(source.key, source.corrected)
    load(source.key)
    file, found = _in_file(source, source.corrected), _stored(sandbox, source, source.key)
    belief = "loading-what-is-new-is-enough" if found - file else ""
    return _compared(source.key, found, file, belief)


def beside_another(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """{key} is loaded after {other}."""
    sandbox.write(source.other_key, source.other_file)
    sandbox.write(source.key, source.file)
    load(source.other_key)
    load(source.key)
    found = _stored(sandbox, source, source.other_key)
    return _compared(
        source.other_key, found, _in_file(source, source.other_file), "emptying-the-table-is-enough"
    )


def beside_lookalikes(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """The key is much like others: blue_bird is loaded after blue-bird, BLUE_BIRD and blue."""
    for key in (*_LOOKALIKES, _ALIKE):
        sandbox.write(key, source.other_file)
        load(key)
    file = _in_file(source, source.other_file)
    compared = (
        _compared(key, _stored(sandbox, source, key), file, "any-comparison-finds-a-key")
        for key in (*_LOOKALIKES, _ALIKE)
    )
    return next(filter(None, compared), None)


def with_columns_in_another_order(
    sandbox: Sandbox, source: Source, load: Callable[[str], object]
) -> Miss | None:
    """{key} is loaded, and then {other}, whose columns come in another order."""
    sandbox.write(source.key, source.file)
    load(source.key)
    turned = _turned(source.other_file)
    sandbox.write(source.other_key, turned)
    belief, file = "columns-are-matched-by-name", _in_file(source, turned)
    try:
        load(source.other_key)
    except duckdb.Error as error:  # as of a text in a column of dates
        told = f"{type(error).__name__}: {summarize_error(error)}"
        return Miss(belief, seen=told, expected=f"{counted(file.total(), 'row')} of {source.other_key}")
    return _compared(source.other_key, _stored(sandbox, source, source.other_key), file, belief)


def with_an_apostrophe(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """The key has an apostrophe: o'hare."""
    return _with_key(_AWKWARD, sandbox, source, load)


def with_sql_in_the_key(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """The key has SQL in it, and wants to drop the table."""
    return _with_key(_HOSTILE.format(table=source.table), sandbox, source, load)


def broken_after_good(sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """{key} sends a good file, and then a broken one."""
    sandbox.write(source.key, source.file)
    load(source.key)
    sandbox.write(source.key, source.broken)
    failed = False
    try:
        load(source.key)
    except Exception:  # noqa: BLE001 - however the answer refuses the file, it is right to do so
        failed = True
    good, found = _in_file(source, source.file), _stored(sandbox, source, source.key)
    if failed or not found:
        return _compared(source.key, found, good, "delete-then-insert-is-safe")
    return Miss(
        "caught-errors-are-handled",
        seen=f"{counted(found.total(), 'row')} of {source.key}, and a run that succeeded",
        expected=f"the {counted(good.total(), 'row')} of the good file, and a run that fails",
    )


def _with_key(key: str, sandbox: Sandbox, source: Source, load: Callable[[str], object]) -> Miss | None:
    """Load a key twice that means something to SQL, after one that means nothing."""
    sandbox.write(source.key, source.file)
    load(source.key)
    sandbox.write(key, source.other_file)
    belief, file = "quotes-make-a-key-safe", _in_file(source, source.other_file)
    try:
        load(key)
        load(key)
        found = _stored(sandbox, source, key)
        before = _compared(
            source.key, _stored(sandbox, source, source.key), _in_file(source, source.file), belief
        )
    except (duckdb.Error, _Unreadable) as error:
        # The key before it was loaded, so it is for its characters that this one was not.
        told = (
            f"{type(error).__name__}: {summarize_error(error)}"
            if isinstance(error, duckdb.Error)
            else str(error)
        )
        return Miss(belief, seen=told, expected=f"{counted(file.total(), 'row')} of {key}")
    if found.total() > file.total():
        belief = "loading-twice-is-harmless"
    return _compared(key, found, file, belief) or before


class _Unreadable(Exception):
    """The table cannot be asked for its rows; the message says why."""


_Rows = Counter[tuple[Any, ...]]


@cache
def _columns(source: Source) -> str:
    """Name the files' columns, each as the type that DuckDB finds in both: a table may have kept another."""
    query = "describe from read_csv(?, union_by_name = true)"
    found = _read([source.file, source.other_file], query)
    quoted = {str(name).replace('"', '""'): type_ for name, type_, *_ in found}
    return ", ".join(f'try_cast("{name}" as {type_})' for name, type_ in quoted.items())


def _stored(sandbox: Sandbox, source: Source, key: str | None) -> _Rows:
    query = f"select {_columns(source)} from {source.table} where partition_key is not distinct from ?"  # noqa: S608 - our own
    try:
        return Counter(sandbox.query(query, key))
    except duckdb.CatalogException:
        raise _Unreadable(f"no table {source.table}") from None
    except duckdb.Error as error:
        raise _Unreadable(f"{source.table} cannot be read: {summarize_error(error)}") from None


@cache
def _in_file(source: Source, text: str) -> _Rows:
    return Counter(_read([text], f"select {_columns(source)} from read_csv(?)"))  # noqa: S608 - our own


def _read(texts: list[str], query: str) -> list[tuple[Any, ...]]:
    """Ask files of these texts, in a database that is nobody's."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        paths = [Path(folder, f"{number}.csv") for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8", newline="")
        return con.execute(query, [list(map(str, paths))]).fetchall()


def _turned(text: str) -> str:
    """Return a file's text with the last column first, and the first one last."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        path, turned = Path(folder, "file.csv"), Path(folder, "turned.csv")
        path.write_text(text, encoding="utf-8", newline="")
        rows = con.read_csv(str(path), all_varchar=True)
        last_first = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in reversed(rows.columns))
        rows.project(last_first).write_csv(str(turned), header=True)
        return turned.read_text(encoding="utf-8")


def _compared(key: str, found: _Rows, file: _Rows, misconception: str) -> Miss | None:
    """Return what is wrong with the rows of a key, if they are not those of its file."""
    if found == file:
        return None
    strange = Counter({row: count for row, count in found.items() if row not in file}).total()
    aside = f", {strange} of them not as in its file" if strange else ""
    return Miss(
        misconception,
        seen=f"{counted(found.total(), 'row')} of {key}{aside}",
        expected=f"{counted(file.total(), 'row')} of {key}",
    )
