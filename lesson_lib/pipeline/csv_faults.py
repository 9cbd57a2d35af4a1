"""Explain a refused source file: which line breaks which of the `csv_rules`, and what to do about it."""

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice, pairwise
from pathlib import Path

from .csv_rules import (
    BUFFER_BYTES,
    COLUMNS,
    MAX_HEADER_BYTES,
    MAX_LINE_BYTES,
    is_date,
    is_number,
    is_rounded,
    split_fields,
)
from .file_formats import find_format_fault
from .quoting import is_utf8, pluralize, quote

_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_LINE_END = re.compile(r"\r\r\n|\r\n|\r|\n")
_LINE_END_NAMES = {"\n": "LF", "\r\n": "CRLF", "\r": "CR", "\r\r\n": "CR CR LF"}
_TWO_LINE_ENDS = re.compile(rb"(?>\r\n|\r|\n){2}")
_EXCEL_SEPARATOR = re.compile(r'"?sep\s*=', re.IGNORECASE)
_EXPECTED_COLUMNS = f"The header names these columns, in any order: {','.join(COLUMNS)}"
_MAX_WITHOUT_EXPONENT = 1e22  # larger numbers are printed with an exponent
_NOT_UTF8 = "not UTF-8. Save the file as CSV UTF-8"

Rule = Callable[[str, str], str | None]  # takes a column and its value, and describes a fault
Fault = tuple[int, str]  # the number of a line, and a message that begins with it


def find_header_fault(start: bytes) -> str | None:
    """Describe what is wrong with the header in the first `MAX_HEADER_BYTES` of a file.

    It must be the first line, and name exactly `COLUMNS`.
    """
    text = start.decode("utf-8-sig", "surrogateescape")
    first_line = _LINE_END.split(text, maxsplit=1)[0]
    if _is_header(first_line):
        return None
    if fault := find_format_fault(start):
        return fault
    if not text:
        return "empty, without even a header"
    if first_line == text and len(start) >= MAX_HEADER_BYTES:
        return f"line 1: longer than {MAX_HEADER_BYTES} bytes: {quote(text[:100])}. {_EXPECTED_COLUMNS}"
    return f"line 1: {_find_fault_above_header(_LINE_END.split(text)) or _describe_first_line(first_line)}"


def _find_fault_above_header(lines: list[str]) -> str | None:
    """Describe a first line that is blank, is a `sep=` for Excel, or is above the header."""
    first = lines[0]
    lines_above = next((index for index, line in enumerate(lines) if _is_header(line)), None)
    has_no_content = not first.strip() or _EXCEL_SEPARATOR.match(first)
    names_columns = set(first.replace('"', "").split(",")) & set(COLUMNS)
    if names_columns or (lines_above is None and not has_no_content):
        return None
    if lines_above is None or (lines_above == 1 and has_no_content):
        next_move = "Remove that line"
    else:
        next_move = f"Make the header, line {lines_above + 1}, the first line"
    return f"{quote(first) if first else 'blank'}, where the header belongs. {next_move}"


def _is_header(line: str) -> bool:
    try:
        return sorted(split_fields(line)) == sorted(COLUMNS)
    except csv.Error:
        return False


def _describe_first_line(line: str) -> str:
    """Describe what is wrong with a first line that does not name exactly `COLUMNS`."""
    if not is_utf8(line):
        return f"{quote(line)}, {_NOT_UTF8}"
    try:
        header = split_fields(line)
    except csv.Error as error:
        return f"not plain CSV ({error}): {quote(line)}"
    faults = "; ".join(_find_column_faults(header, _count_trailing_commas(line)))
    return f"{faults}. {_EXPECTED_COLUMNS}"


def _find_column_faults(header: list[str], trailing_commas: int) -> Iterator[str]:
    for delimiter, name in _OTHER_DELIMITERS.items():
        if len(header) == 1 and delimiter in header[0]:
            yield f"columns are separated by {name}, not commas"
            return
    columns = header[: len(header) - trailing_commas]
    if missing := [column for column in COLUMNS if column not in columns]:
        yield f"missing {', '.join(missing)}"
    if unknown := [column for column in dict.fromkeys(columns) if column not in COLUMNS]:
        yield f"unknown {', '.join(map(quote, unknown))}"
    if repeated := [column for column in COLUMNS if columns.count(column) > 1]:
        yield f"more than once {', '.join(repeated)}"
    if trailing_commas:
        yield f"ends in {pluralize(trailing_commas, 'comma')} too many"


def find_value_fault(column: str, value: str) -> str | None:
    """Describe what is wrong with a value, if it does not fit its column."""
    if not is_utf8(value):
        return f"{column} is {quote(value)}, {_NOT_UTF8}"
    if column == "date":
        fits, expected = is_date(value), "a day written YYYY-MM-DD or YYYY/MM/DD"
    else:
        fits, expected = is_number(value), "a finite decimal number"
    if not fits:
        return f"{column} is {quote(value)}, not {expected}"
    if column != "date" and is_rounded(value):
        return f"{column} is {quote(value)}, which a DOUBLE would store as {_format_double(value)}"
    return None


def _format_double(value: str) -> str:
    number = float(value)
    return str(int(number)) if abs(number) < _MAX_WITHOUT_EXPONENT else repr(number)


def find_price_fault(column: str, value: str) -> str | None:
    """Describe what is wrong with a share_price, if it is not a number above zero."""
    if column != "share_price":
        return None
    not_above_zero = f"share_price is {quote(value)}, not above zero"
    return find_value_fault(column, value) or (not_above_zero if float(value) <= 0 else None)


def find_first_fault(path: Path, find_fault: Rule) -> str | None:
    """Describe the first line in which a value breaks this rule, in a file with a valid header."""
    fault = _find_row_fault(path, find_fault)
    return fault[1] if fault else None


def find_reading_fault(path: Path) -> str | None:
    """Describe the first line that makes a file with a valid header unreadable, if there is one."""
    row_fault = _find_row_fault(path, find_value_fault)
    lines_above = row_fault[0] - 1 if row_fault else None
    fault = _find_line_end_fault(path, lines_above) or row_fault or _find_blank_line_at_a_cut(path)
    return fault[1] if fault else None


def _find_row_fault(path: Path, find_fault: Rule) -> Fault | None:
    # Bytes that are not UTF-8 become lone surrogates, so that the lines above them can be counted.
    with _long_fields(), path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        header = split_fields(file.readline().rstrip("\n"))
        for number, line in enumerate(file, start=2):
            if fault := _describe_row_fault(header, line.rstrip("\n"), find_fault):
                return number, f"line {number}: {fault}"
    return None


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let Python's csv module read values that are as long as a line may be, as DuckDB does."""
    limit = csv.field_size_limit(2 * MAX_LINE_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _describe_row_fault(header: list[str], line: str, find_fault: Rule) -> str | None:
    """Describe what is wrong with a row; an empty line is allowed."""
    if len(line) > MAX_LINE_BYTES:
        return f"longer than {MAX_LINE_BYTES} bytes: {quote(line)}"
    fields: list[str] = []
    try:
        fields = split_fields(line)
        fault = _describe_shape_fault(line, fields, len(header))
    except csv.Error as error:
        fault = f"not plain CSV ({error}): {quote(line)}"
    if fault:
        return fault if is_utf8(line) else f"{quote(line)}, {_NOT_UTF8}"
    faults = (find_fault(column, value) for column, value in zip(header, fields, strict=False))
    return next((fault for fault in faults if fault), None)


def _describe_shape_fault(line: str, fields: list[str], columns: int) -> str | None:
    """Describe a row that has no values, or not as many as there are columns."""
    extra = len(fields) - columns
    if line and not line.replace(",", "").strip():
        return f"only {'commas' if ',' in line else 'blanks'}: {quote(line)}. Remove that line"
    if not line or extra == 0:
        return None
    if 0 < extra <= _count_trailing_commas(line):
        return f"ends in {pluralize(extra, 'comma')} too many: {quote(line)}. Remove trailing commas"
    return f"{pluralize(len(fields), 'value')} for {pluralize(columns, 'column')}: {quote(line)}"


def _count_trailing_commas(line: str) -> int:
    return len(line) - len(line.rstrip(","))


def _find_line_end_fault(path: Path, lines: int | None) -> Fault | None:
    """Return the first of so many lines that ends in CR CR LF, or differently from the lines before it."""
    expected = ""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        for number, (line, following) in enumerate(islice(pairwise(chain(file, [""])), lines), start=1):
            end = line[len(line.rstrip("\r\n")) :]
            if end == "\r" and following == "\r\n":
                end = "\r\r\n"
            if end == "\r\r\n" or (expected and end not in (expected, "")):
                before = f", the lines before it in {_LINE_END_NAMES[expected]}" if expected else ""
                return number, (
                    f"line {number} ends in {_LINE_END_NAMES[end]}{before}. "
                    "Save the file with one kind of line ending, LF or CRLF"
                )
            expected = end
    return None


def _find_blank_line_at_a_cut(path: Path) -> Fault | None:
    """Return the first blank line at the start of one of DuckDB's buffers, where it does not skip it."""
    number, before = 1, b""
    with path.open("rb") as file:
        while block := file.read(BUFFER_BYTES):
            if _TWO_LINE_ENDS.match(before + block[:3]):
                return number, (
                    f"line {number}: blank, just where DuckDB cuts the file (every {BUFFER_BYTES} bytes), "
                    "so it cannot skip it. Remove that line"
                )
            number += max(block.count(b"\n"), block.count(b"\r"))
            before = block[-1:]
    return None
