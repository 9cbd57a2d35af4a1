"""Scenarios of a partition that is loaded again, for any source of CSV files."""

import gc
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from lesson_lib.classroom.display.safe_text import format_count, join_lines, make_plain
from lesson_lib.classroom.exercises.exercise import Miss, Scenario
from lesson_lib.classroom.exercises.row_difference import Row, describe_difference
from lesson_lib.classroom.exercises.sandbox import Sandbox, open_sandbox
from lesson_lib.course.lookalikes import ACCENTED_KEY, DOTTED_KEY, LOOKALIKES
from lesson_lib.pipeline import WarehouseUnavailable
from lesson_lib.pipeline.database_errors import summarize_error


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
        broken_late: a large version, broken near its end in another way, if there is one.
        other_key: another key.
        other_file: the file of the other key.
        refused: a version with values that violate the bound, if there is one.
        bound: a condition that the rows of all other versions fulfil.
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
    broken_late: str = ""
    refused: str = ""
    bound: str = ""
    more_files: tuple[str, ...] = ()

    @property
    def good_files(self) -> tuple[str, ...]:
        """All files but the broken ones."""
        files = (self.file, self.corrected, self.long, self.swapped, self.other_file, *self.more_files)
        return tuple(filter(None, files))


Load = Callable[[Sandbox, Any, str], object]
"""Takes the sandbox, the learner's answer and a key, and loads the key's file with the answer."""

Rows = Counter[Row]

_KEY_WITH_APOSTROPHE = "o'hare"
_KEY_WITH_SQL = "nobody'; drop table {table}; --"
_UNRELATED_KEY = "(nobody)"  # no file has such a key
_REMOVAL = re.compile(r"\b(delete|truncate|drop|replace|merge|except)\b", re.IGNORECASE)
_SQL_ERRORS = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)


@dataclass(frozen=True)
class World:
    """A sandbox with a source, and the learner's answer that loads its files."""

    sandbox: Sandbox
    source: Source
    load: Callable[[str], object]  # loads the file of a key with the answer

    def send(self, key: str, text: str) -> None:
        """Write the file of a key, and load it."""
        self.sandbox.write(key, text)
        self.load(key)

    def try_to_send(self, key: str, text: str | None) -> str:
        """Send a file, or load a key whose file is missing; return the error, or an empty text."""
        if text is None:
            (self.sandbox.lab.source / f"{key}.csv").unlink()
        else:
            self.sandbox.write(key, text)
        try:
            self.load(key)
        except Exception as error:  # noqa: BLE001 - an answer may reject a file with any exception
            is_held = isinstance(error, duckdb.TransactionException)
            reason = explain(error)
        else:
            return ""
        if not is_held:
            return reason
        gc.collect()  # closes a connection that an earlier error keeps, with its transaction
        try:
            self.load(key)
        except Exception:  # noqa: BLE001 - as above
            return reason
        return ""

    def read(self, key: str | None) -> Rows:
        """Return the stored rows of a key, or those without one."""
        columns = _find_types(self.source)
        stored = {name.lower(): type_ for name, type_, *_ in self._query(f"describe {self.source.table}")}
        texts = [name for name in columns if stored.get(name.lower()) == "VARCHAR"]
        raw = "".join(f", {_quote(name)}" for name in texts)
        query = f"select {_cast(columns)}{raw} from {self._rows_of_key}"
        rows: Rows = Counter()
        for values in self._query(query, key):
            row = dict(zip(columns, values, strict=False))
            for name, text in zip(texts, values[len(columns) :], strict=True):
                meaning = text if row[name] is None else row[name]
                row[name] = _map_texts(self.source, name).get(text, meaning)
            rows[_tidy(row.values())] += 1
        return rows

    def rows_in(self, text: str) -> Rows:
        """Return the rows of a file, as `read` returns them."""
        return Counter(read_rows(self.source, text))

    def summarize(self) -> dict[str | None, tuple[int, int]]:
        """Return the count of each key's rows, and the sum of their hashes."""
        values = _cast(_find_types(self.source))
        query = f"select partition_key, count(*), sum(hash({values})) from {self.source.table} group by all"
        return {key: (count, checksum) for key, count, checksum in self._query(query)}

    def compare(
        self, key: str, text: str, belief: str = "", name: str = "its file", **files: str
    ) -> Miss | None:
        """Return the fault in the rows of a key, if they differ from those of a file.

        Args:
            key: the key.
            text: the file whose rows should be stored.
            belief: the misconception to name.
            name: what to call that file.
            files: other files whose rows they could be, by what to call them, such as `broken file`.
        """
        # Quick, and enough if they are equal; a text such as 09/13/2017 still equals its date.
        query = f"select count(*), sum(hash({_cast(_find_types(self.source))})) from "
        if self._query(query + self._rows_of_key, key) == _query_text(self.source, text, query):
            return None
        rows: dict[str, Sequence[Row]] = {name: read_rows(self.source, text)}
        for other, its_text in files.items():
            if theirs := _read_broken(self.source, its_text):
                rows[f"the {other}"] = theirs
        found = self.read(key)
        difference = describe_difference(key, list(_find_types(self.source)), found, rows)
        return Miss(belief, *difference) if difference else None

    def copy_rows(self, key: str, *copies: str | None) -> bool:
        """Store copies of a key's rows under other keys; return whether the table takes them."""
        table = self.source.table
        return self._insert(
            f"insert into {table} by name select {table}.* replace (copy as partition_key) "
            f"from {table}, unnest(?::varchar[]) as copies(copy) where partition_key = ?",
            [*copies],
            key,
        )

    def add_unrelated_row(self) -> bool:
        """Store a row that has no values, and a key without a file; return whether the table takes it."""
        return self._insert(f"insert into {self.source.table} (partition_key) values (?)", _UNRELATED_KEY)

    def has_unrelated_row(self) -> bool:
        """Return whether the row of `add_unrelated_row` is still there."""
        return self._query(f"select count(*) from {self._rows_of_key}", _UNRELATED_KEY) == [(1,)]

    def removes_rows(self, key: str) -> bool:
        """Return whether loading a key runs a statement that removes rows, though it may find none."""
        self._query("call enable_logging('QueryLog')")
        try:
            self.load(key)
        finally:
            self._query("call disable_logging()")
        return any(_REMOVAL.search(sql) for (sql,) in self._query("select message from duckdb_logs"))

    def bound(self, condition: str) -> None:
        """Let the table refuse rows that do not fulfil a condition."""
        table = self.source.table
        columns = ", ".join(f"{_quote(name)} {type_}" for name, type_, *_ in self._query(f"describe {table}"))
        self._query(f"create table bounded ({columns}, check ({condition}))")
        self._query(f"insert into bounded from {table}")
        self._query(f"drop table {table}")
        self._query(f"alter table bounded rename to {table}")

    def _insert(self, sql: str, *values: object) -> bool:
        try:
            self.sandbox.query(sql, *values)
        except duckdb.Error:  # an answer's own table may demand unique values, or a value in each column
            return False
        return True

    @property
    def _rows_of_key(self) -> str:
        return f"{self.source.table} where partition_key is not distinct from ?"

    def _query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self.sandbox.query(sql, *values)
        except duckdb.CatalogException:
            raise UnreadableTable(f"no table {self.source.table}") from None
        except duckdb.Error as error:
            reason = f"{self.source.table} cannot be read: {summarize_error(error)}"
            raise UnreadableTable(reason) from None


Happening = Callable[[World], Miss | None]
"""Takes the world of a scenario, and returns the fault."""


def scenario(happening: Happening, source: Source, load: Load) -> Scenario:
    """Return the scenario of a happening for a source; its name is the docstring of the happening."""

    def run(answer: object) -> Miss | None:
        with open_sandbox() as sandbox:
            for file in sandbox.lab.source.iterdir():
                file.unlink()
            world = World(sandbox, source, lambda key: load(sandbox, answer, key))
            try:
                return happening(world)
            except UnreadableTable as reason:
                return Miss(seen=str(reason), expected=f"{source.table}, with the rows of each key")

    names = {"key": source.key, "other": source.other_key}
    run.__doc__ = str(happening.__doc__).format_map(names)
    return run


def named_after_a_day(world: World) -> Miss | None:
    """{key}, with rows of that day and of others, is loaded twice."""
    key, file = world.source.key, world.source.file
    world.send(key, file)
    if miss := _compare_first_load(world):
        return miss
    world.load(key)
    rows, found = world.rows_in(file), world.read(key)
    belief = ""
    if found == rows + Counter(row for row in read_rows(world.source, file) if key not in map(str, row)):
        belief = (
            "deleting-by-date-is-enough"  # the rows of that day were deleted, those of other days were not
        )
    elif found == rows + rows:
        return _explain_repeated_rows(world)
    return world.compare(key, file, belief)


def loaded_once(world: World) -> Miss | None:
    """{key} is loaded."""
    world.send(world.source.key, world.source.file)
    return world.compare(world.source.key, world.source.file)


def loaded_three_times(world: World) -> Miss | None:
    """{key} is loaded three times."""
    key, file = world.source.key, world.source.file
    world.send(key, file)
    if miss := _compare_first_load(world):
        return miss
    world.load(key)
    world.load(key)
    rows = world.rows_in(file)
    return (
        _explain_repeated_rows(world) if world.read(key) == rows + rows + rows else world.compare(key, file)
    )


def _explain_repeated_rows(world: World) -> Miss | None:
    """Return the fault that each row is repeated, with a belief unless the answer tries to delete rows."""
    miss = world.compare(world.source.key, world.source.file)
    if miss and world.removes_rows(world.source.key):
        return replace(miss, seen=f"{miss.seen}: the delete has found none of the key's rows")
    return miss and replace(miss, misconception="loading-twice-is-harmless")


def _compare_first_load(world: World) -> Miss | None:
    key = world.source.key
    miss = world.compare(key, world.source.file)
    if miss and not world.read(key) and (without_key := world.read(None)):
        rows = format_count(without_key.total(), "row")
        return replace(miss, seen=f"{rows} whose partition_key is NULL")
    return miss


def corrected(world: World) -> Miss | None:
    """{key} sends its file again, corrected and with fewer rows."""
    key, file, correction = world.source.key, world.source.file, world.source.corrected
    world.send(key, file)
    world.send(key, correction)
    if miss := world.compare(key, correction, **{"first file": file}):
        return replace(miss, misconception="loading-what-is-new-is-enough" if _keeps_old_rows(world) else "")
    return None


def _keeps_old_rows(world: World) -> bool:
    """Return whether the answer adds new rows to the old ones, or replaces no rows that are there."""
    key, old, new = world.source.key, world.rows_in(world.source.file), world.rows_in(world.source.corrected)
    found = world.read(key)
    if found != old:
        return not found - old - new and found >= new
    # Other answers keep the old rows only of a file that is shorter, so a longer one follows.
    world.send(key, world.source.swapped)
    return world.read(key) == old != world.rows_in(world.source.swapped)


def with_two_values_swapped(world: World) -> Miss | None:
    """{key} sends its file again, with two values of a column swapped."""
    key, before, after = world.source.key, world.source.long or world.source.file, world.source.swapped
    world.send(key, before)
    world.send(key, after)
    return world.compare(key, after)


def beside_another(world: World) -> Miss | None:
    """{key} is loaded after {other}."""
    key, other, other_file = world.source.key, world.source.other_key, world.source.other_file
    world.send(other, other_file)
    can_tell = world.add_unrelated_row()
    world.send(key, world.source.file)
    is_emptied = can_tell and not world.read(other) and not world.has_unrelated_row()
    belief = "emptying-the-table-is-enough" if is_emptied else ""
    return world.compare(other, other_file, belief) or world.compare(key, world.source.file)


def beside_lookalikes(world: World) -> Miss | None:
    """The key is much like others: globex.eu and globex, GLOBEX.EU, globex-eu ..., and one with accents."""
    file, lookalikes = world.source.file, [key for keys in LOOKALIKES.values() for key in keys]
    # Another file than the one that follows, or storing it under a lookalike's key would go unnoticed.
    world.send(DOTTED_KEY, world.source.other_file)
    world.copy_rows(DOTTED_KEY, ACCENTED_KEY, *lookalikes)
    has_row_without_key = world.copy_rows(DOTTED_KEY, None)
    before = world.summarize()
    world.send(DOTTED_KEY, file)
    world.send(ACCENTED_KEY, file)
    after = world.summarize()
    changed = [key for key in lookalikes if after.get(key) != before.get(key)]
    if changed:
        # If no lookalike keeps its rows, they were not found by their keys, which differ in many ways. If one
        # has other rows, the new ones were stored under its key.
        is_loose = len(changed) < len(lookalikes) and not any(key in after for key in changed)
        belief = "any-comparison-finds-a-key" if is_loose else ""
        miss = world.compare(changed[0], world.source.other_file, belief)
        return miss and replace(
            miss,
            **{
                name: getattr(miss, name).replace(f" of {changed[0]}", f" of {changed[0]!r}", 1)
                for name in ("seen", "expected")
            },
        )
    if has_row_without_key and before[None] != after.get(None):
        return Miss(
            seen=f"{format_count(world.read(None).total(), 'row')} whose partition_key is NULL",
            expected=f"{format_count(before[None][0], 'row')} whose partition_key is NULL, as before",
        )
    return world.compare(DOTTED_KEY, file) or world.compare(ACCENTED_KEY, file)


def with_columns_in_another_order(world: World) -> Miss | None:
    """{key} is loaded, and then {other}, whose columns come in another order."""
    key, other = world.source.key, world.source.other_key
    turned = _reverse_columns(world.source.other_file)
    world.send(key, world.source.file)
    belief = "columns-are-matched-by-name"
    try:
        world.send(other, turned)
    except (duckdb.ConversionException, WarehouseUnavailable) as error:  # such as text in a column of dates
        cause = get_cause(error)
        if not isinstance(cause, duckdb.ConversionException):
            raise
        return Miss(belief, explain(cause), expect(world, other, turned))
    has_all = world.read(other).total() == world.rows_in(turned).total()
    return world.compare(other, turned, belief if has_all else "") or world.compare(key, world.source.file)


def with_an_apostrophe(world: World) -> Miss | None:
    """The key has an apostrophe: o'hare."""
    return _load_awkward_key(world, _KEY_WITH_APOSTROPHE, times=2)


def with_sql_in_the_key(world: World) -> Miss | None:
    """The key has SQL in it, and wants to drop the table."""
    return _load_awkward_key(world, _KEY_WITH_SQL.format(table=world.source.table), times=1)


def broken_after_good(world: World) -> Miss | None:
    """{key} sends a good file, then a broken one, then none, and at last a good one again."""
    key, good = world.source.key, world.source.file
    world.send(key, good)
    has_other = world.copy_rows(key, _UNRELATED_KEY)

    def compare_other() -> Miss | None:
        return world.compare(_UNRELATED_KEY, good) if has_other else None

    steps: tuple[Callable[[], Miss | None], ...] = (
        lambda: world.compare(key, good),
        lambda: _send_broken_file(world, "broken file", world.source.broken),
        lambda: _send_broken_file(world, "large broken file", world.source.broken_late),
        lambda: _load_without_file(world),
        compare_other,
        lambda: _send_good_file_again(world),
        compare_other,
    )
    return next(filter(None, (step() for step in steps)), None)


def _send_good_file_again(world: World) -> Miss | None:
    """Send the corrected file after the broken one; return the fault."""
    key, again = world.source.key, world.source.corrected
    if error := world.try_to_send(key, again):
        seen = f"the good file after the broken one is rejected: {error}"
        return Miss(seen=seen, expected=expect(world, key, again))
    earlier = {"first file": world.source.file, "broken file": world.source.broken}
    return world.compare(key, again, **earlier)


def refused_by_the_table(world: World) -> Miss | None:
    """{key} sends a file with a price that the table refuses: it has a bound."""
    key, good, high = world.source.key, world.source.file, world.source.refused
    world.send(key, good)
    world.bound(world.source.bound)
    error = world.try_to_send(key, high)
    if not error:  # an answer that makes a new table also loses the bound, and then the file is good
        return world.compare(key, high)
    miss = world.compare(key, good, "" if world.read(key) else "delete-then-insert-is-safe")
    return miss and _explain_run(world, error, miss.misconception)


def large(world: World) -> Miss | None:
    """{key} sends a file of more than 20,000 rows."""
    return loaded_once(world)


def _send_broken_file(world: World, name: str, broken: str) -> Miss | None:
    """Send a broken file after the good one; return the fault if its run succeeds or rows change."""
    if not broken:
        return None
    error = world.try_to_send(world.source.key, broken)
    found, rows = world.read(world.source.key), world.rows_in(world.source.file)
    if error and found == rows:
        return None
    belief = ""
    if not found:
        belief = "delete-then-insert-is-safe"
    elif not error and found == rows:
        belief = "caught-errors-are-handled"
    elif not error and found == Counter(_read_broken(world.source, broken)):
        belief = "null-stands-for-a-bad-value"
    files = {} if belief == "null-stands-for-a-bad-value" else {name: broken}  # shows the value that is NULL
    miss = _explain_run(world, error, belief, **files)
    return replace(miss, seen=f"for the {name}, {miss.seen}")


def _load_without_file(world: World) -> Miss | None:
    """Load a key whose file is missing; return the fault if its run succeeds or rows change."""
    error = world.try_to_send(world.source.key, None)
    if error and not world.compare(world.source.key, world.source.file):
        return None
    miss = _explain_run(world, error)
    return replace(miss, seen=f"without a file, {miss.seen}")


def _explain_run(world: World, error: str, belief: str = "", **files: str) -> Miss:
    """Describe the end of a run that should have failed, and should have left the good file's rows."""
    key, good = world.source.key, world.source.file
    miss = world.compare(key, good, name="the good file", **files)
    expected = f"{format_count(world.rows_in(good).total(), 'row')} of {key}, those of the good file"
    run = "a run that failed" if error else "a run that succeeded"
    seen = f"{run}, and {miss.seen if miss else expected}"
    return Miss(belief, seen, f"a run that fails, and {expected}")


def _load_awkward_key(world: World, key: str, times: int) -> Miss | None:
    """Load a key with special characters of SQL so many times."""
    file = world.source.other_file
    belief = "quotes-make-a-key-safe"
    try:
        world.send(key, file)
        for _ in range(times - 1):
            world.load(key)
    except (*_SQL_ERRORS, WarehouseUnavailable) as error:
        cause = get_cause(error)
        if not isinstance(cause, _SQL_ERRORS):
            raise
        # An ordinary key was loaded in the same way, so its characters were read as SQL.
        return Miss(belief, explain(cause), expect(world, key, file))
    try:
        return world.compare(key, file)
    except UnreadableTable as reason:  # the SQL in the key was run
        return Miss(belief, str(reason), expect(world, key, file))


def get_cause(error: BaseException) -> BaseException | None:
    """Return DuckDB's error behind that of the pipeline's `transaction`, or any other error itself."""
    return error.__cause__ if isinstance(error, WarehouseUnavailable) else error


def explain(error: Exception) -> str:
    """Return the type of an error and the first line of its message."""
    return make_plain(join_lines(f"{type(error).__name__}: {summarize_error(error)}"), max_length=200)


def expect(world: World, key: str, text: str) -> str:
    """Describe the rows that a key should have."""
    return f"{format_count(world.rows_in(text).total(), 'row')} of {make_plain(key)}, those of its file"


class UnreadableTable(Exception):
    """The rows of the table cannot be read; the message says why."""


@cache
def _find_types(source: Source) -> Mapping[str, str]:
    """Return the type of each column that fits its values in all good files of a source."""
    query = "describe from read_csv(?, union_by_name = true, sample_size = -1)"
    found = _query_texts(source.good_files, query)
    return {str(name): str(type_) for name, type_, *_ in found}


def _cast(columns: Mapping[str, str]) -> str:
    """Return the expressions of columns, in which equal values of any type are the same."""
    return ", ".join(
        _CASTS.get(type_, _CAST).format(column=_quote(name), type=type_) for name, type_ in columns.items()
    )


_CAST = "try_cast({column} as {type})"
_WHOLE = "try_cast({column} as decimal(38, 6))"  # a cast to whole numbers would hide a fraction
_CASTS = {
    "BIGINT": _WHOLE,
    "DOUBLE": "nullif(try_cast({column} as double), 'nan'::double)",  # pandas has it for an empty value
    "VARCHAR": "nullif({column}::varchar, '')",  # readers differ in whether an empty text is a value
}


def _quote(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _tidy(values: Iterable[object]) -> Row:
    """Return a row whose whole numbers are integers."""
    return tuple(
        int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
        for value in values
    )


@cache
def read_rows(source: Source, text: str) -> tuple[Row, ...]:
    """Return the rows of a file, each value with the type that its column has in all files of the source."""
    return tuple(map(_tidy, _query_text(source, text, f"select {_cast(_find_types(source))} from ")))


@cache
def _map_texts(source: Source, column: str) -> Mapping[str, object]:
    """Return which value of `read_rows` each text in a column stands for.

    A text as the file has it may stand for a value, such as 09/13/2017 for a date. Where all files together
    have texts, a file read by itself may have values, such as 4.5 for the text 4.50.
    """
    place, is_text = [*_find_types(source)].index(column), _find_types(source)[column] == "VARCHAR"
    # Materialized, since DuckDB would move the cast into the reader.
    file = f"with file as materialized (from read_csv(?, all_varchar = {not is_text}))"
    meanings: dict[str, object] = {}
    for text in source.good_files:
        found = _query_texts([text], f"{file} select {_quote(column)}::varchar from file")
        rows = read_rows(source, text)
        if len(found) == len(rows):
            meanings |= {value: row[place] for (value,), row in zip(found, rows, strict=True)}
    if is_text:
        meanings |= {value: value for value in meanings.values() if isinstance(value, str)}
    return meanings


@cache
def _query_text(source: Source, text: str, query: str) -> list[tuple[Any, ...]]:
    """Run a query that ends with `from` on the rows of a file.

    Columns with text in any file of the source are read as text, since dates would lose their format.
    """
    texts = ", ".join(
        f"'{name.replace(chr(39), chr(39) * 2)}': 'VARCHAR'"
        for name, type_ in _find_types(source).items()
        if type_ == "VARCHAR"
    )
    types = f", types = {{{texts}}}" if texts else ""
    # Materialized, since DuckDB would move a `try_cast` into the reader, where it raises an error.
    file = f"with file as materialized (from read_csv(?, sample_size = -1{types}))"
    return _query_texts([text], f"{file} {query} file")


def _read_broken(source: Source, text: str) -> tuple[Row, ...]:
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
def _reverse_columns(text: str) -> str:
    """Return the text of a file with its columns in reverse order."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        path, reordered = Path(folder, "file.csv"), Path(folder, "reordered.csv")
        path.write_text(text, encoding="utf-8", newline="")
        rows = con.read_csv(str(path), all_varchar=True)
        last_first = ", ".join(map(_quote, reversed(rows.columns)))
        rows.project(last_first).write_csv(str(reordered), header=True)
        return reordered.read_text(encoding="utf-8")
