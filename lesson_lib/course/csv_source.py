"""A source of CSV files that are loaded several times: the versions of its file, and the rows in each."""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from lesson_lib.classroom.exercises.row_difference import Row


@dataclass(frozen=True)
class Source:
    """A source of CSV files that are loaded again. Files are given by their text.

    Attributes:
        table: the table of the rows, with the columns of the files and `partition_key`.
        key: the key whose file arrives several times.
        file: its first version.
        corrected: its second version: rows are missing, and one value has changed.
        long: a version with more rows, if there is one.
        swapped: that version, or the first one, with the values of one column swapped in two late rows: no
            count, no list of days and no sum of a column changes.
        broken: a version with a value that does not fit its column, or that cannot be read.
        make_large: makes a good version with more rows than DuckDB looks at to find types, if there is one.
        make_broken_late: makes such a version that is broken near its end, in another way.
        other_key: another key.
        other_file: the file of the other key.
        refused: a version with values that violate the constraint, if there is one.
        constraint: a condition that the rows of all other versions fulfil.
        more_files: further files, whose values help to find the types of the columns.
    """

    table: str
    key: str
    file: str
    corrected: str
    swapped: str
    broken: str
    other_key: str
    other_file: str
    long: str = ""
    make_large: Callable[[], str] | None = None
    make_broken_late: Callable[[], str] | None = None
    refused: str = ""
    constraint: str = ""
    more_files: tuple[str, ...] = ()

    @property
    def good_files(self) -> tuple[str, ...]:
        """All files but the broken ones."""
        files = (self.file, self.corrected, self.long, self.swapped, self.other_file, *self.more_files)
        return tuple(filter(None, files))


@cache
def find_types(source: Source) -> Mapping[str, str]:
    """Return the type of each column that fits its values in all good files of a source."""
    query = "describe from read_csv(?, union_by_name = true, sample_size = -1)"
    found = _query_texts(source.good_files, query)
    return {str(name): str(type_) for name, type_, *_ in found}


def cast(columns: Mapping[str, str]) -> str:
    """Return the expressions of columns, in which equal values of any type are the same."""
    return ", ".join(
        _CASTS.get(type_, _CAST).format(column=quote(name), type=type_) for name, type_ in columns.items()
    )


_CAST = "try_cast({column} as {type})"
_WHOLE = "try_cast({column} as decimal(38, 6))"  # a cast to whole numbers would hide a fraction
_CASTS = {
    "BIGINT": _WHOLE,
    "DOUBLE": "nullif(try_cast({column} as double), 'nan'::double)",  # pandas has it for an empty value
    "VARCHAR": "nullif({column}::varchar, '')",  # readers differ in whether an empty text is a value
}


def quote(column: str) -> str:
    """Return the name of a column for SQL."""
    return '"' + column.replace('"', '""') + '"'


def tidy(values: Iterable[object]) -> Row:
    """Return a row whose whole numbers are integers."""
    return tuple(
        int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
        for value in values
    )


@cache
def read_rows(source: Source, text: str) -> tuple[Row, ...]:
    """Return the rows of a file, each value with the type that its column has in all files of the source."""
    return tuple(map(tidy, query_text(source, text, f"select {cast(find_types(source))} from ")))


@cache
def map_texts(source: Source, column: str) -> Mapping[str, object]:
    """Return which value of `read_rows` each text in a column stands for.

    A text as the file has it may stand for a value, such as 09/13/2017 for a date. Where all files together
    have texts, a file read by itself may have values, such as 4.5 for the text 4.50.
    """
    place, is_text = [*find_types(source)].index(column), find_types(source)[column] == "VARCHAR"
    # Materialized, since DuckDB would move the cast into the reader.
    file = f"with file as materialized (from read_csv(?, all_varchar = {not is_text}))"
    meanings: dict[str, object] = {}
    for text in source.good_files:
        found = _query_texts([text], f"{file} select {quote(column)}::varchar from file")
        rows = read_rows(source, text)
        if len(found) == len(rows):
            meanings |= {value: row[place] for (value,), row in zip(found, rows, strict=True)}
    if is_text:
        meanings |= {value: value for value in meanings.values() if isinstance(value, str)}
    return meanings


@cache
def query_text(source: Source, text: str, query: str) -> list[tuple[Any, ...]]:
    """Run a query that ends with `from` on the rows of a file.

    Columns with text in any file of the source are read as text, since dates would lose their format.
    """
    texts = ", ".join(
        f"'{name.replace(chr(39), chr(39) * 2)}': 'VARCHAR'"
        for name, type_ in find_types(source).items()
        if type_ == "VARCHAR"
    )
    types = f", types = {{{texts}}}" if texts else ""
    # Materialized, since DuckDB would move a `try_cast` into the reader, where it raises an error.
    file = f"with file as materialized (from read_csv(?, sample_size = -1{types}))"
    return _query_texts([text], f"{file} {query} file")


def read_broken(source: Source, text: str) -> tuple[Row, ...]:
    """Return the rows of a file, with NULL for each value of the wrong type; none if it cannot be read."""
    try:
        return read_rows(source, text)
    except duckdb.Error:
        return ()


def _query_texts(texts: Sequence[str], query: str) -> list[tuple[Any, ...]]:
    """Run a query on files with these texts, in a new database."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        paths = [Path(folder, f"{number}.csv") for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
        return con.execute(query, [list(map(str, paths))]).fetchall()


@cache
def reverse_columns(text: str) -> str:
    """Return the text of a file with its columns in reverse order."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        path, reordered = Path(folder, "file.csv"), Path(folder, "reordered.csv")
        path.write_text(text, encoding="utf-8", newline="")
        rows = con.read_csv(str(path), all_varchar=True)
        last_first = ", ".join(map(quote, reversed(rows.columns)))
        rows.project(last_first).write_csv(str(reordered), header=True)
        return reordered.read_text(encoding="utf-8")
