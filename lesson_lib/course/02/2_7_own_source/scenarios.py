"""Exercise 2.7, "bring your own source": scenarios with copies of the learner's own files.

The first rows of the first CSV files in the learner's folder are read. The scenarios load copies of them, and
two files that are made of them: a corrected one with fewer rows, and a broken one.
"""

import csv
import io
import os
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import duckdb

from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer, Scenario
from lesson_lib.classroom.exercises.sandbox import Sandbox
from lesson_lib.classroom.lab.three_records import three_records
from lesson_lib.course import reloading as reload
from lesson_lib.course.csv_source import Source
from lesson_lib.pipeline import InvalidKey, WarehouseUnavailable
from lesson_lib.pipeline.audit import State
from lesson_lib.pipeline.keys import find_new_keys
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE

MAX_FILES = 5  # the first ones by name
MAX_BYTES = 100_000  # of each file

# A byte that is not UTF-8, which COPY, read_csv and pandas reject in a column of any type. A line with too
# many values is not enough: DuckDB's read_csv returns an empty table for it.
_INVALID_BYTE = "\udcff"
# More rows precede that byte than DuckDB samples to find the columns. Otherwise a load that finds the columns
# before it deletes would be safe by chance.
_ROWS_BEFORE_FAULT = 21_000
_MAX_CHARACTERS_BEFORE_FAULT = 20_000_000  # if rows are long
_NOT_FOUND = "(empty)"  # DuckDB's text for a delimiter or quote that it did not find


@dataclass(frozen=True)
class OwnFile:
    """The beginning of one of the learner's files.

    Attributes:
        key: the file's name without its suffix.
        columns: their names, as DuckDB reads them.
        text: the header and the first rows, with their original line ends.
        corrected: the header and half of the rows, with another value in one of them; empty if there are not
            two rows with different values.
        swapped: the text with the values of a column swapped in those two rows, or empty as well.
        broken: the text, many more rows, and a line that is not UTF-8.
    """

    key: str
    columns: tuple[str, ...]
    text: str
    corrected: str
    swapped: str
    broken: str


def _apply_to_own_files(check: reload.Check) -> Scenario:
    def run(folder: object, table: object) -> Miss | None:
        return reload.scenario(check, make_source(folder), Sandbox.load)(table)

    run.__doc__ = str(check.__doc__).format(key="One of your keys", other="another one")
    return run


def load_in_order(folder: object, table: Any) -> Miss | None:  # noqa: ANN401 - any value that a learner gives
    """All of your keys are loaded one after another, and the three records agree."""
    files = read_own_files(folder)

    def load_and_look(loader: reload.Loader) -> Miss | None:
        if miss := _load_all(loader, files):
            return miss
        found = three_records(loader.sandbox.instance, table, loader.sandbox.lab.database)
        faults = [f"{key.key}: {key.state.value}" for key in found.keys if key.state is not State.AGREE]
        return Miss(seen="; ".join(faults), expected=f"{len(files)} keys that agree") if faults else None

    return reload.scenario(load_and_look, make_source(folder), Sandbox.load)(table)


def load_in_reverse(folder: object, table: object) -> Miss | None:
    """All of your keys are loaded into a new table, the last one first."""
    files = read_own_files(folder)[::-1]
    return reload.scenario(lambda loader: _load_all(loader, files), make_source(folder), Sandbox.load)(table)


def load_alone(folder: object, table: object) -> Miss | None:
    """Each of your keys is loaded into a new table of its own."""
    source = make_source(folder)
    for file in read_own_files(folder):
        alone = replace(source, key=file.key, file=file.text)
        if miss := reload.scenario(reload.check_first_load, alone, Sandbox.load)(table):
            return miss
    return None


def _load_all(loader: reload.Loader, files: list[OwnFile]) -> Miss | None:
    """Load the files one after another; return the fault in the rows of any."""
    belief, first = "one-file-shows-all-types", files[0]
    for file in files:
        try:
            loader.send(file.key, file.text)
        except (duckdb.ConversionException, WarehouseUnavailable) as error:
            cause = reload.get_cause(error)
            if file is first or not isinstance(cause, duckdb.ConversionException):
                raise
            return Miss(belief, reload.explain(cause), reload.expect(loader, file.key, file.text))
    if miss := loader.compare(first.key, first.text):
        is_emptied = not loader.read(first.key) and _empties_table(loader, files[-1].key)
        return replace(miss, misconception="emptying-the-table-is-enough" if is_emptied else "")
    for file in files[1:]:
        if miss := loader.compare(file.key, file.text):
            has_all = loader.read(file.key).total() == loader.rows_in(file.text).total()
            return replace(miss, misconception=belief if has_all else "")
    return None


def _empties_table(loader: reload.Loader, key: str) -> bool:
    """Return whether loading a key also deletes a row that has nothing in common with any file."""
    if not loader.add_unrelated_row():
        return False
    loader.load(key)
    return not loader.has_unrelated_row()


def make_source(folder: object) -> Source:
    """Make a source for the scenarios out of the learner's folder.

    Raises:
        NoAnswer: for the reasons of `read_own_files`, or if no file has two rows with different values.
    """
    files = read_own_files(folder)
    corrected = next((file for file in files if file.corrected), None)
    if corrected is None:
        names = ", ".join(f"{file.key}.csv" for file in files)
        raise NoAnswer(
            f"None of {names} has two rows with different values, so there is nothing to correct in them. "
            "Give a folder in which one of the first files has more rows."
        )
    other = next(file for file in files if file is not corrected)
    return Source(
        table=CUSTOMER_TABLE,
        key=corrected.key,
        file=corrected.text,
        corrected=corrected.corrected,
        swapped=corrected.swapped,
        broken=corrected.broken,
        other_key=other.key,
        other_file=other.text,
        more_files=tuple(file.text for file in files),
    )


def read_own_files(folder: object) -> list[OwnFile]:
    """Read the beginnings of the first CSV files of the learner's folder.

    Raises:
        NoAnswer: if there are fewer than two, one cannot be loaded, or their columns differ.
    """
    paths = _list_csv_files(_require_folder(folder))
    try:
        find_new_keys((), (path.stem for path in paths))
    except InvalidKey as error:
        raise NoAnswer(str(error)) from None
    first, *others = files = [_read_own_file(path) for path in paths]
    for file in others:
        if set(file.columns) != set(first.columns):
            raise NoAnswer(
                f"{first.key}.csv has the columns {', '.join(first.columns)}; {file.key}.csv has "
                f"{', '.join(file.columns)}. Give a folder whose files all have the same columns."
            )
    return files


def _require_folder(folder_name: object) -> Path:
    if not isinstance(folder_name, str | os.PathLike):
        raise NoAnswer("Give check the path of your folder first, as a text or a Path, and then your asset.")
    try:
        folder = Path(folder_name).expanduser()
    except RuntimeError:  # the home of "~nobody"
        folder = Path(folder_name)
    if folder.is_dir():
        return folder
    if folder.exists():
        raise NoAnswer(f"{folder.name} is a file. Give the folder that it lies in.")
    raise NoAnswer(f"There is no folder {str(folder_name)!r}. Give its whole path, such as '~/my_files'.")


def _list_csv_files(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() == ".csv" and path.is_file()]
    except OSError as error:
        raise NoAnswer(f"{folder.name} cannot be opened ({error.strerror}). Give another folder.") from None
    if len(found) < 2:  # noqa: PLR2004 - one to reload, and one that must not change
        count = "one CSV file" if found else "no CSV file"
        raise NoAnswer(
            f"There is {count} in {folder.name}. Give a folder with two or more, one for each key."
        )
    # A key with an apostrophe comes last, so that the others show whether it alone is the problem.
    return sorted(found, key=lambda path: ("'" in path.name, path.name))[:MAX_FILES]


def _read_own_file(path: Path) -> OwnFile:
    records = _read_records(path)
    text = "".join(records)
    read = _read_with_duckdb(path, text)
    if len(records) != 1 + len(read.rows):  # a quotation mark may mean inches, as in a file of screen sizes
        records = list(io.StringIO(text, newline=""))
    header, *rows = records
    if len(rows) != len(read.rows):
        raise _make_no_answer(path, "has rows that cannot be told apart by quotation marks and line ends")
    corrected, swapped = _make_correction(rows, read)
    shortest = min(rows, key=len)
    padding = shortest * min(_ROWS_BEFORE_FAULT, _MAX_CHARACTERS_BEFORE_FAULT // len(shortest))
    invalid_row = _INVALID_BYTE + read.delimiter * (len(read.columns) - 1) + _get_line_end(header)
    return OwnFile(
        key=path.stem,
        columns=read.columns,
        text=text,
        corrected="".join([header, *corrected]) if corrected else "",
        swapped="".join([header, *swapped]) if swapped else "",
        broken=f"{text}{padding}{invalid_row}",
    )


def _make_no_answer(path: Path, fault: str) -> NoAnswer:
    return NoAnswer(f"{path.name} {fault}. Mend it or move it away, and run the cell again.")


def _read_records(path: Path) -> list[str]:
    """Return the header and the first rows of a file, each with its line end."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES)
            is_cut = bool(file.read(1))
    except OSError as error:
        raise _make_no_answer(path, f"cannot be opened ({error.strerror})") from None
    if is_cut:
        content = content[: content.rfind(b"\n") + 1]
    try:
        lines = io.StringIO(content.decode(), newline="")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise _make_no_answer(path, f"is not UTF-8 in line {number}") from None
    records: list[str] = []
    is_quoted = False  # whether a quoted value continues in the next line
    for line in lines:
        if is_quoted:
            records[-1] += line
        elif line.strip("\r\n"):
            records.append(line)
        is_quoted ^= line.count('"') % 2 == 1
    if is_quoted and is_cut:
        del records[-1]
    if not records:
        raise _make_no_answer(path, "is empty, or begins with a very long line" if is_cut else "is empty")
    if not records[-1].endswith(("\r", "\n")):
        records[-1] += _get_line_end(records[0]) or "\n"
    return records


def _get_line_end(record: str) -> str:
    return record[len(record.rstrip("\r\n")) :]


@dataclass(frozen=True)
class _Sniffed:
    """What DuckDB found in a text: columns and rows, the delimiter and the quote."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    delimiter: str
    quote: str


@lru_cache(maxsize=MAX_FILES)  # each of the scenarios reads the same files
def _read_with_duckdb(path: Path, text: str) -> _Sniffed:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        copy = Path(folder) / "copy.csv"
        copy.write_text(text, encoding="utf-8", newline="")
        try:
            sniffed = con.execute(
                "select Delimiter, Quote, SkipRows, HasHeader from sniff_csv(?)", [str(copy)]
            ).fetchall()
            rows = con.execute("from read_csv(?)", [str(copy)])
            columns = tuple(name for name, *_ in rows.description or ())
            found = rows.fetchall()
        except duckdb.Error as error:
            reason = " ".join(str(error).replace(str(copy), path.name).splitlines()[:2]).rstrip(".")
            raise _make_no_answer(path, f"cannot be read by DuckDB ({reason})") from None
    ((delimiter, quote, skipped, has_header),) = sniffed
    if skipped or not has_header:
        raise _make_no_answer(
            path, "does not begin with a line that DuckDB takes for the names of its columns"
        )
    if not found:
        raise _make_no_answer(path, "has a header and no rows")
    if "partition_key" in map(str.lower, columns):
        raise _make_no_answer(path, "has a column partition_key of its own, which is to be the table's")
    return _Sniffed(columns, found, delimiter, '"' if quote == _NOT_FOUND else quote)


def _make_correction(rows: list[str], read: _Sniffed) -> tuple[list[str], list[str]]:
    """Return half of the rows, with one value replaced, and all rows, with that value and another swapped.

    The other value is the greatest or the least of its column. Both lists are empty if all values are equal.
    """
    half = len(rows) // 2
    for column in reversed(range(len(read.columns))):  # the first columns tend to be keys
        known = {index: row[column] for index, row in enumerate(read.rows) if row[column] is not None}
        ends = [choose(known, key=known.__getitem__) for choose in (max, min)] if known else []
        for changed, other in product((index for index in known if index < half), ends):
            if known[changed] != known[other]:
                swapped = [*rows]
                swapped[changed] = _replace_value(rows, changed, other, column, read)
                swapped[other] = _replace_value(rows, other, changed, column, read)
                return [*rows[:changed], swapped[changed], *rows[changed + 1 : half]], swapped
    return [], []


def _replace_value(rows: list[str], changed: int, other: int, column: int, read: _Sniffed) -> str:
    """Return a row with the value that another row has in a column."""
    values = _split_row(rows[changed], read)
    values[column] = _split_row(rows[other], read)[column]
    return _join_row(values, rows[changed], read)


def _split_row(row: str, read: _Sniffed) -> list[str]:
    return next(csv.reader([row], delimiter=read.delimiter, quotechar=read.quote))


def _join_row(values: list[str], before: str, read: _Sniffed) -> str:
    written = io.StringIO(newline="")
    csv.writer(
        written, delimiter=read.delimiter, quotechar=read.quote, lineterminator=_get_line_end(before)
    ).writerow(values)
    return written.getvalue()


_load_three_times = _apply_to_own_files(reload.check_three_loads)

SCENARIOS = (
    _load_three_times,
    _apply_to_own_files(reload.check_correction),
    _apply_to_own_files(reload.check_swapped_values),
    load_in_order,
    load_in_reverse,
    _apply_to_own_files(reload.check_column_order),
    _apply_to_own_files(reload.check_lookalikes),
    _apply_to_own_files(reload.check_apostrophe),
    _apply_to_own_files(reload.check_failures),
)
EVIDENCE = {
    "loading-twice-is-harmless": "Each row is there once for each load, and no statement removes rows.",
    "loading-what-is-new-is-enough": "Rows of the first file are left, beside all new ones or none.",
    "one-file-shows-all-types": load_alone,
    "emptying-the-table-is-enough": "The row of a key that no file has is gone as well.",
    "columns-are-matched-by-name": load_in_order,
    "any-comparison-finds-a-key": "Some lookalikes lose the same rows that others keep.",
    "quotes-make-a-key-safe": _load_three_times,
    "delete-then-insert-is-safe": "The broken file's run leaves no rows.",
    "caught-errors-are-handled": "The broken file's run succeeds, and changes no row.",
}
