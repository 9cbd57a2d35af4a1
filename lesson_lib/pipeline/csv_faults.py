"""Explain a refused source file: which line breaks which of the `csv_rules`, and what to do about it."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from lesson_lib.pipeline.csv_rules import (
    BUFFER_BYTES,
    COLUMNS,
    is_date,
    is_number,
    is_rounded,
    read_header,
    split_fields,
)

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_TWO_LINE_ENDS = re.compile(rb"(?>\r\n|\r|\n){2}")
_SHOWN = 40  # characters of a wrong value


def header_fault(line: bytes) -> str | None:
    """Say what is wrong with a file's first line, which must name exactly `COLUMNS`, in any order."""
    for magic, packing in _PACKED.items():
        if line.startswith(magic):
            return f"compressed ({packing}), not plain CSV"
    try:
        header = read_header(line)
    except UnicodeDecodeError:
        return "line 1: not UTF-8"
    except csv.Error as error:
        return f"line 1: not plain CSV ({error})"
    if faults := "; ".join(_column_faults(header)):
        return f"line 1: {faults}. The header names these columns, in any order: {','.join(COLUMNS)}"
    return None


def _column_faults(header: tuple[str, ...]) -> Iterator[str]:
    for delimiter, name in _OTHER_DELIMITERS.items():
        if len(header) == 1 and delimiter in header[0]:
            yield f"columns are separated by {name}, not commas"
            return
    if missing := [column for column in COLUMNS if column not in header]:
        yield f"missing {', '.join(missing)}"
    if unknown := [column for column in dict.fromkeys(header) if column not in COLUMNS]:
        yield f"unknown {', '.join(map(_shown, unknown))}"
    if twice := [column for column in COLUMNS if header.count(column) > 1]:
        yield f"more than once {', '.join(twice)}"


def value_fault(column: str, value: str) -> str | None:
    """Describe what is wrong with a value, if it does not fit its column."""
    if column == "date":
        fits, expected = is_date(value), "a day written YYYY-MM-DD or YYYY/MM/DD"
    else:
        fits, expected = is_number(value), "a finite decimal number"
    if not fits:
        return f"{column} is {_shown(value)}, not {expected}"
    if column != "date" and is_rounded(value):
        return f"{column} is {_shown(value)}, which a DOUBLE would store as {int(float(value))}"
    return None


def price_fault(column: str, value: str) -> str | None:
    """Say what is wrong with a share_price, if it is not a number above zero."""
    if column != "share_price":
        return None
    not_above_zero = f"share_price is {_shown(value)}, not above zero"
    return value_fault(column, value) or (not_above_zero if float(value) <= 0 else None)


def first_fault(path: Path, fault_of: Callable[[str, str], str | None] = value_fault) -> str | None:
    """Say which line of a file, whose header is in order, is the first to break a rule, and which rule.

    Args:
        path: the file.
        fault_of: the rule for a column and a value.
    """
    # Bytes that are not UTF-8 become lone surrogates, so that the line which holds them can be counted.
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        header = split_fields(file.readline().rstrip("\n"))
        for number, line in enumerate(file, start=2):
            if fault := _line_fault(header, line.rstrip("\n"), fault_of):
                return f"line {number}: {fault}"
    return None


def reading_fault(path: Path) -> str | None:
    """Say what keeps DuckDB from reading a file, whose header is in order; None if it is not the file."""
    if fault := first_fault(path):
        return fault
    with path.open(encoding="utf-8-sig") as file:
        for _ in file:
            if isinstance(file.newlines, tuple):
                return "lines end in more than one way (LF, CRLF or CR)"
    if line := _blank_line_at_a_cut(path):
        return (
            f"line {line}: blank, just where DuckDB cuts the file (every {BUFFER_BYTES} bytes): "
            "it cannot skip it"
        )
    return None


def _blank_line_at_a_cut(path: Path) -> int | None:
    """Return the number of the first blank line at the start of a buffer, where DuckDB does not skip it."""
    line, before = 1, b""
    with path.open("rb") as file:
        while block := file.read(BUFFER_BYTES):
            if _TWO_LINE_ENDS.match(before + block[:3]):
                return line
            line += max(block.count(b"\n"), block.count(b"\r"))
            before = block[-1:]
    return None


def _line_fault(header: list[str], line: str, fault_of: Callable[[str, str], str | None]) -> str | None:
    """Say which rule a line breaks; a blank line breaks none."""
    try:
        line.encode()
        fields = split_fields(line)
    except UnicodeEncodeError:
        return "not UTF-8"
    except csv.Error as error:
        return f"not plain CSV ({error})"
    if fields and len(fields) != len(header):
        return f"{len(fields)} values for {len(header)} columns"
    faults = (fault_of(column, value) for column, value in zip(header, fields, strict=False))
    return next((fault for fault in faults if fault), None)


def _shown(value: str) -> str:
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")
