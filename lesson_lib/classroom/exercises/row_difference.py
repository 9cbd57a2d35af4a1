"""Describe the first difference between the rows of a key in a table and those of its file."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lesson_lib.classroom.display.safe_text import format_count, make_plain

Row = tuple[Any, ...]

_MAX_COMPARED = 50  # rows on each side, to find the two that are most alike
_MAX_VALUES = 3  # of a row


def describe_difference(
    key: str, columns: Sequence[str], found: Iterable[Row], files: Mapping[str, Sequence[Row]]
) -> tuple[str, str] | None:
    """Describe how the rows of a key differ from the rows of its file.

    Args:
        key: the partition key.
        columns: the names of the columns.
        found: the rows in the table, in any order.
        files: the rows of files by what to call each file. The first is the one that should be stored; the
            others are named if the unexpected rows are theirs.

    Returns:
        What was seen and what was expected, as a `Miss` holds them, or None if the rows are the same.
    """
    stored = Counter(found)
    (name, rows), *others = files.items()
    extra = stored - Counter(rows)
    missing = _number_missing_rows(stored, rows)
    if not extra and not missing:
        return None
    parts = [f"{format_count(stored.total(), 'row')} of {key}"]
    if theirs := next((other for other, its in others if extra and not extra - Counter(its)), ""):
        which = "" if extra == stored else f"{extra.total()} of them "
        parts.append(f"{which}from {theirs}")
    elif extra or stored:
        parts.append(_describe_row(columns, extra, missing, rows, name))
    seen = make_plain(", ".join(parts), max_length=300)
    return seen, make_plain(f"{format_count(len(rows), 'row')} of {key}, those of {name}")


def _number_missing_rows(stored: Counter[Row], rows: Sequence[Row]) -> list[tuple[int, Row]]:
    left = stored.copy()
    missing = []
    for number, row in enumerate(rows, 1):
        if left[row] > 0:
            left[row] -= 1
        else:
            missing.append((number, row))
    return missing


def _describe_row(
    columns: Sequence[str],
    extra: Counter[Row],
    missing: list[tuple[int, Row]],
    rows: Sequence[Row],
    name: str,
) -> str:
    """Describe one differing value, or one row that is missing or too many."""
    if not extra:
        number, row = missing[0]
        return f"without row {number}: {_format_row(columns, row)}"
    if not missing:
        row = next(iter(extra))
        excess = "repeated" if row in rows else f"not in {name}"
        return f"{extra.total()} of them {excess}, such as {_format_row(columns, row)}"
    pairs = (
        (number, theirs, row)
        for number, row in missing[:_MAX_COMPARED]
        for theirs in list(extra)[:_MAX_COMPARED]
    )
    number, theirs, row = min(pairs, key=lambda pair: _count_differences(pair[1], pair[2]))
    column, actual, wanted = next(
        values for values in zip(columns, theirs, row, strict=True) if values[1] != values[2]
    )
    return f"and in row {number}, {column} is {_format(actual)} in the table, {_format(wanted)} in {name}"


def _count_differences(left: Row, right: Row) -> int:
    return sum(one != other for one, other in zip(left, right, strict=True))


def _format_row(columns: Sequence[str], row: Row) -> str:
    values = [f"{column} {_format(value)}" for column, value in zip(columns, row, strict=True)]
    return ", ".join(values[:_MAX_VALUES])


def _format(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return repr(value) if isinstance(value, str) else str(value)
