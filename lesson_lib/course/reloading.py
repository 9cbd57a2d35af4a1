"""Scenarios of a partition that is loaded again, for any source of CSV files."""

import gc
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from lesson_lib.classroom.display.safe_text import format_count, join_lines, make_plain
from lesson_lib.classroom.exercises.exercise import Miss, Scenario
from lesson_lib.classroom.exercises.row_difference import Row, describe_difference
from lesson_lib.classroom.exercises.sandbox import Sandbox, open_sandbox
from lesson_lib.course.csv_source import (
    Source,
    cast,
    find_types,
    map_texts,
    query_text,
    quote,
    read_broken,
    read_rows,
    reverse_columns,
    tidy,
)
from lesson_lib.course.lookalikes import ACCENTED_KEY, DOTTED_KEY, LOOKALIKES
from lesson_lib.pipeline import WarehouseUnavailable
from lesson_lib.pipeline.database_errors import summarize_error

Load = Callable[[Sandbox, Any, str], object]
"""Takes the sandbox, the learner's answer and a key, and loads the key's file with the answer."""

Rows = Counter[Row]

_KEY_WITH_APOSTROPHE = "o'hare"
_KEY_WITH_SQL = "nobody'; drop table {table}; --"
_UNRELATED_KEY = "(nobody)"  # no file has such a key
_REMOVAL = re.compile(r"\b(delete|truncate|drop|replace|merge|except)\b", re.IGNORECASE)
_SQL_ERRORS = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)


@dataclass(frozen=True)
class Loader:
    """Loads the files of a source with the learner's answer, and reads what it stored."""

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
        columns = find_types(self.source)
        stored = {name.lower(): type_ for name, type_, *_ in self._query(f"describe {self.source.table}")}
        texts = [name for name in columns if stored.get(name.lower()) == "VARCHAR"]
        raw = "".join(f", {quote(name)}" for name in texts)
        query = f"select {cast(columns)}{raw} from {self._rows_of_key}"
        rows: Rows = Counter()
        for values in self._query(query, key):
            row = dict(zip(columns, values, strict=False))
            for name, text in zip(texts, values[len(columns) :], strict=True):
                meaning = (text or None) if row[name] is None else row[name]
                row[name] = map_texts(self.source, name).get(text, meaning)
            rows[tidy(row.values())] += 1
        return rows

    def rows_in(self, text: str) -> Rows:
        """Return the rows of a file, as `read` returns them."""
        return Counter(read_rows(self.source, text))

    def summarize(self) -> dict[str | None, tuple[int, int]]:
        """Return the count of each key's rows, and the sum of their hashes."""
        values = cast(find_types(self.source))
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
        query = f"select count(*), sum(hash({cast(find_types(self.source))})) from "
        if self._query(query + self._rows_of_key, key) == query_text(self.source, text, query):
            return None
        rows: dict[str, Sequence[Row]] = {name: read_rows(self.source, text)}
        for other, its_text in files.items():
            if theirs := read_broken(self.source, its_text):
                rows[f"the {other}"] = theirs
        found = self.read(key)
        difference = describe_difference(key, list(find_types(self.source)), found, rows)
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

    def add_constraint(self, condition: str) -> None:
        """Let the table refuse rows that do not fulfil a condition."""
        table = self.source.table
        columns = ", ".join(f"{quote(name)} {type_}" for name, type_, *_ in self._query(f"describe {table}"))
        self._query(f"create table constrained ({columns}, check ({condition}))")
        self._query(f"insert into constrained from {table}")
        self._query(f"drop table {table}")
        self._query(f"alter table constrained rename to {table}")

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


Check = Callable[[Loader], Miss | None]
"""Takes the loader of a scenario, and returns the fault. Its docstring is the name of the scenario."""


def scenario(check: Check, source: Source, load: Load) -> Scenario:
    """Return the scenario that runs a check on a source."""

    def run(answer: object) -> Miss | None:
        with open_sandbox() as sandbox:
            for file in sandbox.lab.source.iterdir():
                file.unlink()
            loader = Loader(sandbox, source, lambda key: load(sandbox, answer, key))
            try:
                return check(loader)
            except UnreadableTable as reason:
                return Miss(seen=str(reason), expected=f"{source.table}, with the rows of each key")

    names = {"key": source.key, "other": source.other_key}
    run.__doc__ = str(check.__doc__).format_map(names)
    return run


def check_first_load(loader: Loader) -> Miss | None:
    """{key} is loaded."""
    loader.send(loader.source.key, loader.source.file)
    return loader.compare(loader.source.key, loader.source.file)


def check_three_loads(loader: Loader) -> Miss | None:
    """{key} is loaded three times."""
    key, file = loader.source.key, loader.source.file
    loader.send(key, file)
    if miss := _compare_first_load(loader):
        return miss
    loader.load(key)
    loader.load(key)
    rows, found = loader.rows_in(file), loader.read(key)
    if found == rows + rows + rows:
        return _explain_repeated_rows(loader)
    others = Counter(row for row in read_rows(loader.source, file) if key not in map(str, row))
    # The key may be a day. Then these are the rows of other days.
    belief = "deleting-by-date-is-enough" if found == rows + others + others else ""
    return loader.compare(key, file, belief)


def _explain_repeated_rows(loader: Loader) -> Miss | None:
    """Return the fault that each row is repeated, with a belief unless the answer tries to delete rows."""
    miss = loader.compare(loader.source.key, loader.source.file)
    if miss and loader.removes_rows(loader.source.key):
        return replace(miss, seen=f"{miss.seen}: the delete has found none of the key's rows")
    return miss and replace(miss, misconception="loading-twice-is-harmless")


def _compare_first_load(loader: Loader) -> Miss | None:
    key = loader.source.key
    miss = loader.compare(key, loader.source.file)
    if miss and not loader.read(key) and (without_key := loader.read(None)):
        rows = format_count(without_key.total(), "row")
        return replace(miss, seen=f"{rows} whose partition_key is NULL")
    return miss


def check_correction(loader: Loader) -> Miss | None:
    """{key} sends its file again, corrected and with fewer rows."""
    key, file, correction = loader.source.key, loader.source.file, loader.source.corrected
    loader.send(key, file)
    loader.send(key, correction)
    if miss := loader.compare(key, correction, **{"first file": file}):
        return replace(miss, misconception="loading-what-is-new-is-enough" if _keeps_old_rows(loader) else "")
    return None


def _keeps_old_rows(loader: Loader) -> bool:
    """Return whether the answer adds new rows to the old ones, or replaces no rows that are there."""
    key, source = loader.source.key, loader.source
    old, new, found = loader.rows_in(source.file), loader.rows_in(source.corrected), loader.read(key)
    if found != old:
        return not found - old - new and found >= new
    # Other answers keep the old rows only of a file that is shorter, so a longer one follows.
    loader.send(key, source.swapped)
    return loader.read(key) == old != loader.rows_in(source.swapped)


def check_swapped_values(loader: Loader) -> Miss | None:
    """{key} sends its file again, with two values of a column swapped."""
    key, before, after = loader.source.key, loader.source.long or loader.source.file, loader.source.swapped
    loader.send(key, before)
    loader.send(key, after)
    return loader.compare(key, after)


def check_other_key(loader: Loader) -> Miss | None:
    """{key} is loaded after {other}."""
    key, other, other_file = loader.source.key, loader.source.other_key, loader.source.other_file
    loader.send(other, other_file)
    can_tell = loader.add_unrelated_row()
    loader.send(key, loader.source.file)
    is_emptied = can_tell and not loader.read(other) and not loader.has_unrelated_row()
    belief = "emptying-the-table-is-enough" if is_emptied else ""
    return loader.compare(other, other_file, belief) or loader.compare(key, loader.source.file)


def check_lookalikes(loader: Loader) -> Miss | None:
    """The key is much like others: globex.eu and globex, GLOBEX.EU, globex-eu ..., and one with accents."""
    file, lookalikes = loader.source.file, [key for keys in LOOKALIKES.values() for key in keys]
    # Another file than the one that follows, or storing it under a lookalike's key would go unnoticed.
    loader.send(DOTTED_KEY, loader.source.other_file)
    loader.copy_rows(DOTTED_KEY, ACCENTED_KEY, *lookalikes)
    has_row_without_key = loader.copy_rows(DOTTED_KEY, None)
    before = loader.summarize()
    loader.send(DOTTED_KEY, file)
    loader.send(ACCENTED_KEY, file)
    after = loader.summarize()
    changed = [key for key in lookalikes if after.get(key) != before.get(key)]
    if changed:
        # If no lookalike keeps its rows, they were not found by their keys, which differ in many ways. If one
        # has other rows, the new ones were stored under its key.
        is_loose = len(changed) < len(lookalikes) and not any(key in after for key in changed)
        belief = "any-comparison-finds-a-key" if is_loose else ""
        miss = loader.compare(changed[0], loader.source.other_file, belief)
        return miss and replace(
            miss,
            **{
                name: getattr(miss, name).replace(f" of {changed[0]}", f" of {changed[0]!r}", 1)
                for name in ("seen", "expected")
            },
        )
    if has_row_without_key and before[None] != after.get(None):
        return Miss(
            seen=f"{format_count(loader.read(None).total(), 'row')} whose partition_key is NULL",
            expected=f"{format_count(before[None][0], 'row')} whose partition_key is NULL, as before",
        )
    return loader.compare(DOTTED_KEY, file) or loader.compare(ACCENTED_KEY, file)


def check_column_order(loader: Loader) -> Miss | None:
    """{key} is loaded, and then {other}, whose columns come in another order."""
    key, other = loader.source.key, loader.source.other_key
    turned = reverse_columns(loader.source.other_file)
    loader.send(key, loader.source.file)
    belief = "columns-are-matched-by-name"
    try:
        loader.send(other, turned)
    except (duckdb.ConversionException, WarehouseUnavailable) as error:  # such as text in a column of dates
        cause = get_cause(error)
        if not isinstance(cause, duckdb.ConversionException):
            raise
        return Miss(belief, explain(cause), expect(loader, other, turned))
    has_all = loader.read(other).total() == loader.rows_in(turned).total()
    return loader.compare(other, turned, belief if has_all else "") or loader.compare(key, loader.source.file)


def check_apostrophe(loader: Loader) -> Miss | None:
    """The key has an apostrophe: o'hare."""
    return _load_awkward_key(loader, _KEY_WITH_APOSTROPHE, times=2)


def check_sql_in_key(loader: Loader) -> Miss | None:
    """The key has SQL in it, and wants to drop the table."""
    return _load_awkward_key(loader, _KEY_WITH_SQL.format(table=loader.source.table), times=1)


def check_failures(loader: Loader) -> Miss | None:
    """{key} sends a good file, then a broken one, then none, and at last a good one again."""
    key, good, make_late = loader.source.key, loader.source.file, loader.source.make_broken_late
    loader.send(key, good)
    has_other = loader.copy_rows(key, _UNRELATED_KEY)

    def compare_other() -> Miss | None:
        return loader.compare(_UNRELATED_KEY, good) if has_other else None

    steps: tuple[Callable[[], Miss | None], ...] = (
        lambda: loader.compare(key, good),
        lambda: _send_broken_file(loader, "broken file", loader.source.broken),
        lambda: _send_broken_file(loader, "large broken file", make_late() if make_late else ""),
        lambda: _load_without_file(loader),
        compare_other,
        lambda: _send_good_file_again(loader),
        compare_other,
        lambda: _send_refused_file(loader),
    )
    return next(filter(None, (step() for step in steps)), None)


def _send_good_file_again(loader: Loader) -> Miss | None:
    """Send the corrected file after the broken one; return the fault."""
    key, again = loader.source.key, loader.source.corrected
    if error := loader.try_to_send(key, again):
        seen = f"the good file after the broken one is rejected: {error}"
        return Miss(seen=seen, expected=expect(loader, key, again))
    earlier = {"first file": loader.source.file, "broken file": loader.source.broken}
    return loader.compare(key, again, **earlier)


def _send_refused_file(loader: Loader) -> Miss | None:
    """Send a file with a value that a CHECK constraint of the table refuses; return the fault."""
    key, good, refused = loader.source.key, loader.source.corrected, loader.source.refused
    if not refused:
        return None
    loader.add_constraint(loader.source.constraint)
    error = loader.try_to_send(key, refused)
    if not error:  # a table that the answer makes anew has no constraint, and then the file is good
        return loader.compare(key, refused)
    if not loader.compare(key, good):
        return None
    belief = "" if loader.read(key) else "delete-then-insert-is-safe"
    miss = _explain_run(loader, good, error, belief)
    return replace(miss, seen=f"for the file that the table's CHECK constraint refuses, {miss.seen}")


def check_large_file(loader: Loader) -> Miss | None:
    """{key} sends a file of more than 20,000 rows."""
    key, make_large = loader.source.key, loader.source.make_large
    if not make_large:
        return None
    loader.send(key, make_large())
    return loader.compare(key, make_large())


def _send_broken_file(loader: Loader, name: str, broken: str) -> Miss | None:
    """Send a broken file after the good one; return the fault if its run succeeds or rows change."""
    if not broken:
        return None
    error = loader.try_to_send(loader.source.key, broken)
    found, rows = loader.read(loader.source.key), loader.rows_in(loader.source.file)
    if error and found == rows:
        return None
    belief = ""
    if not found:
        belief = "delete-then-insert-is-safe"
    elif not error and found == rows:
        belief = "caught-errors-are-handled"
    elif not error and found == Counter(read_broken(loader.source, broken)):
        belief = "null-stands-for-a-bad-value"
    files = {} if belief == "null-stands-for-a-bad-value" else {name: broken}  # shows the value that is NULL
    miss = _explain_run(loader, loader.source.file, error, belief, **files)
    return replace(miss, seen=f"for the {name}, {miss.seen}")


def _load_without_file(loader: Loader) -> Miss | None:
    """Load a key whose file is missing; return the fault if its run succeeds or rows change."""
    error = loader.try_to_send(loader.source.key, None)
    if error and not loader.compare(loader.source.key, loader.source.file):
        return None
    miss = _explain_run(loader, loader.source.file, error)
    return replace(miss, seen=f"without a file, {miss.seen}")


def _explain_run(loader: Loader, good: str, error: str, belief: str = "", **files: str) -> Miss:
    """Describe the end of a run that should have failed, and should have left the good file's rows."""
    key = loader.source.key
    miss = loader.compare(key, good, name="the good file", **files)
    expected = f"{format_count(loader.rows_in(good).total(), 'row')} of {key}, those of the good file"
    run = "a run that failed" if error else "a run that succeeded"
    seen = f"{run} and left {miss.seen if miss else expected}"
    return Miss(belief, seen, f"a run that fails and leaves {expected}")


def _load_awkward_key(loader: Loader, key: str, times: int) -> Miss | None:
    """Load a key with special characters of SQL so many times."""
    file = loader.source.other_file
    belief = "quotes-make-a-key-safe"
    try:
        loader.send(key, file)
        for _ in range(times - 1):
            loader.load(key)
    except (*_SQL_ERRORS, WarehouseUnavailable) as error:
        cause = get_cause(error)
        if not isinstance(cause, _SQL_ERRORS):
            raise
        # An ordinary key was loaded in the same way, so its characters were read as SQL.
        return Miss(belief, explain(cause), expect(loader, key, file))
    try:
        return loader.compare(key, file)
    except UnreadableTable as reason:  # the SQL in the key was run
        return Miss(belief, str(reason), expect(loader, key, file))


def get_cause(error: BaseException) -> BaseException | None:
    """Return DuckDB's error behind that of the pipeline's `transaction`, or any other error itself."""
    return error.__cause__ if isinstance(error, WarehouseUnavailable) else error


def explain(error: Exception) -> str:
    """Return the type of an error and the first line of its message."""
    return make_plain(join_lines(f"{type(error).__name__}: {summarize_error(error)}"), max_length=200)


def expect(loader: Loader, key: str, text: str) -> str:
    """Describe the rows that a key should have."""
    return f"{format_count(loader.rows_in(text).total(), 'row')} of {make_plain(key)}, those of its file"


class UnreadableTable(Exception):
    """The rows of the table cannot be read; the message says why."""
