"""Explain a refused source file: which line breaks which of the `csv_rules`, and what to do about it."""

import csv
import re
from collections.abc import Callable, Iterator
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
from .quoting import is_utf8, pluralize, quote

_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_LINE_END = re.compile(r"\r\r\n|\r\n|\r|\n")
_LINE_END_NAMES = {"\n": "LF", "\r\n": "CRLF", "\r": "CR", "\r\r\n": "CR CR LF"}
_TWO_LINE_ENDS = re.compile(rb"(?>\r\n|\r|\n){2}")
_EXCEL_SEPARATOR = re.compile(r'"?sep\s*=', re.IGNORECASE)
_EXPECTED_COLUMNS = f"The header must name these columns, in any order: {','.join(COLUMNS)}"
_MAX_WITHOUT_EXPONENT = 1e22  # larger numbers are printed with an exponent
_NOT_UTF8 = "not UTF-8. Save the file as CSV UTF-8"

_UNPACK = "Unpack it"
_SAVE_DATA = "Save the data as CSV UTF-8"
_SAVE_TEXT = "Save the file as CSV UTF-8"

# Formats that people save under the name of a CSV file: the first bytes, the name, and what to do about it.
# The first match counts.
_FORMATS = (
    (rb"\x1f\x8b", "compressed (gzip)", _UNPACK),
    (rb"BZh", "compressed (bzip2)", _UNPACK),
    (rb"\xfd7zXZ", "compressed (xz)", _UNPACK),
    (rb"\x28\xb5\x2f\xfd", "compressed (zstd)", _UNPACK),
    (rb"PK\x03\x04.*opendocument\.spreadsheet", "an OpenDocument spreadsheet (.ods)", _SAVE_DATA),
    (rb"PK\x03\x04.*(\[Content_Types\]\.xml|xl/)", "an Excel workbook (.xlsx)", _SAVE_DATA),
    (
        rb"PK(\x03\x04|\x05\x06)",
        "a zip file or an Excel workbook (.xlsx)",
        "Unpack the zip file, or save the workbook as CSV UTF-8",
    ),
    (rb"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)", _SAVE_DATA),
    (rb"%PDF-", "a PDF document", _SAVE_DATA),
    (rb"\xff\xfe\0\0|\0\0\xfe\xff", "text in UTF-32", _SAVE_TEXT),
    (rb"\xff\xfe|\xfe\xff|[^\0]\0[^\0]\0|\0[^\0]\0[^\0]", "text in UTF-16", _SAVE_TEXT),
    (rb"(\xef\xbb\xbf)?\s*<", "a web page (HTML) or XML", _SAVE_DATA),
    (rb'(\xef\xbb\xbf)?\s*[\[{]\s*["\[{\]}]', "JSON", _SAVE_DATA),
)

Rule = Callable[[str, str], str | None]  # takes a column and its value, and describes a fault
Fault = tuple[int, str]  # the number of a line, and a message that begins with it


def find_header_fault(start: bytes) -> str | None:
    """Describe why a file, given its first `MAX_HEADER_BYTES`, does not start with a line of `COLUMNS`."""
    text = start.decode("utf-8-sig", "surrogateescape")
    first_line = _LINE_END.split(text, maxsplit=1)[0]
    if _is_header(first_line):
        return None
    for pattern, name, next_move in _FORMATS:
        if re.match(pattern, start, re.DOTALL):
            return f"{name}, not plain CSV. {next_move}"
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
        is_day = is_date(value)
        return None if is_day else f"date is {quote(value)}, not a day written YYYY-MM-DD or YYYY/MM/DD"
    if not is_number(value):
        return f"{column} is {quote(value)}, not a finite decimal number"
    if not is_rounded(value):
        return None
    number = float(value)
    stored = int(number) if abs(number) < _MAX_WITHOUT_EXPONENT else number
    return f"{column} is {quote(value)}, which a DOUBLE would store as {stored}"


def find_price_fault(path: Path) -> str | None:
    """Describe the first line of a file with a valid header whose share_price is not a number above zero."""

    def find_fault(column: str, value: str) -> str | None:
        if column != "share_price":
            return None
        not_above_zero = f"share_price is {quote(value)}, not above zero"
        return find_value_fault(column, value) or (not_above_zero if float(value) <= 0 else None)

    fault = _find_row_fault(path, find_fault)
    return fault[1] if fault else None


def find_reading_fault(path: Path) -> str | None:
    """Describe the first line that makes a file with a valid header unreadable, if there is one."""
    row_fault = _find_row_fault(path, find_value_fault)
    lines_above = row_fault[0] - 1 if row_fault else None
    fault = _find_line_end_fault(path, lines_above) or row_fault or _find_blank_line_at_a_cut(path)
    return fault[1] if fault else None


def _find_row_fault(path: Path, find_fault: Rule) -> Fault | None:
    limit = csv.field_size_limit(2 * MAX_LINE_BYTES)  # DuckDB reads values that are as long as a line may be
    try:
        # Bytes that are not UTF-8 become lone surrogates, so that the lines above them can be counted.
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            header = split_fields(file.readline().rstrip("\n"))
            for number, line in enumerate(file, start=2):
                if fault := _describe_row_fault(header, line.rstrip("\n"), find_fault):
                    return number, f"line {number}: {fault}"
    finally:
        csv.field_size_limit(limit)
    return None


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
