"""What a source file may hold, told twice: to DuckDB, which decides fast, and in Python, which explains.

DuckDB is told every type, and kept from the few things it would take in spite of these rules. Only when it
refuses does Python read the file line by line, to say which line breaks which rule. The tests hold the two
against each other.
"""

import csv
import datetime as dt
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

COLUMNS = ("date", "share_price", "amount", "spend", "shift", "spread")

# Every byte a row may hold. What is missing here (letters, blanks, "_", ";", NUL, all beyond ASCII) is where
# DuckDB's own reading is lenient: it takes "1_000", "nan", " 1" and "2018 01 22".
ROW_BYTES = b'0123456789.,/-+eE"\r\n'

# A quoted value on one line. DuckDB takes a quoted one with a line break for a number, and for a date.
_QUOTED = re.compile(rb'"[^",\r\n]*"')

# Beyond what the types ask: how a date is written, and no overflow. The signs "-", "+" and "." sort before
# "0001"; DuckDB would take them for years before Christ.
VALID_ROW_SQL = "date >= '0001' AND (date LIKE '____/__/__' OR date LIKE '____-__-__')" + "".join(
    f" AND isfinite({column})" for column in COLUMNS[1:]
)

_DATE = re.compile(r"(\d{4})([/-])(\d\d)\2(\d\d)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_BUFFER = 4_000_000  # bytes; with DuckDB's default of 32 MB one of two cores idles over a file of 47 MB
_TWO_LINE_ENDS = re.compile(rb"(?>\r\n|\r|\n){2}")
_SHOWN = 40  # characters of a wrong value


def read_csv_sql(header: tuple[str, ...]) -> str:
    """Return DuckDB's strict reading of files with these columns, for a FROM clause.

    Its one parameter is `$paths`, a list of them, each through `glob_escaped`. `date` comes as text, for
    `VALID_ROW_SQL` to judge; the others as DOUBLE. Nothing is sniffed. No row can spell the `nullstr`, so
    that a blank is an error instead of a NULL, and so is the nothing behind a comma too many.
    """
    columns = ", ".join(f"'{name}': '{'VARCHAR' if name == 'date' else 'DOUBLE'}'" for name in header)
    return (
        f"read_csv($paths, columns = {{{columns}}}, auto_detect = false, header = true, delim = ',', "
        "quote = '\"', escape = '\"', nullstr = 'NULL', compression = 'none', hive_partitioning = false, "
        f"buffer_size = {_BUFFER})"
    )


def glob_escaped(path: Path) -> str:
    """Return the path so that DuckDB's `read_csv`, which globs, reads this very file."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def is_suspect(lines: bytes) -> bool:
    """Tell whether whole lines hold what DuckDB may read, and the rules refuse; `first_fault` says what."""
    return (
        bool(lines.translate(None, ROW_BYTES))
        or (b"+" in lines and b"+-" in lines)  # DuckDB takes "+-1" for -1; a lone byte is found much faster
        or (b'"' in lines and b'"' in _QUOTED.sub(b"", lines))
    )


def count_bad_prices(header: tuple[str, ...], lines: bytes) -> int:
    """Count the rows among whole lines whose share_price is zero or less; no number does not count."""
    before = header.index("share_price")
    lines = b"\n" + lines.replace(b"\r", b"\n")
    # Most prices begin with a digit above zero: to see that this holds for all is faster than to read them.
    # Only an exponent can still make zero of such a price.
    if not (b"e" in lines or b"E" in lines or re.search(rb"\n(?:[^,\n]*+,){%d}+[^1-9\n]" % before, lines)):
        return 0
    prices = re.findall(rb"\n(?:[^,\n]*+,){%d}+([^,\n]*+)" % before, lines)
    return sum(map(_is_zero_or_less, prices))


def _is_zero_or_less(value: bytes) -> bool:
    try:
        return float(value.strip(b'"')) <= 0
    except ValueError:
        return False


def read_header(line: bytes) -> tuple[str, ...]:
    """Return the columns that a file's first line names, in its order; it must have no `header_fault`."""
    return tuple(_fields(line.decode("utf-8-sig")))


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
    """Say what is wrong with a value, if it is not what its column holds."""
    if column == "date":
        fits, expected = _is_date(value), "a day written YYYY-MM-DD or YYYY/MM/DD"
    else:
        fits, expected = _is_number(value), "a finite decimal number"
    return None if fits else f"{column} is {_shown(value)}, not {expected}"


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
        header = _fields(file.readline().rstrip("\n"))
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
            f"line {line}: blank, just where DuckDB cuts the file (every {_BUFFER} bytes): it cannot skip it"
        )
    return None


def _blank_line_at_a_cut(path: Path) -> int | None:
    """Return the number of the first blank line at the start of a buffer, where DuckDB does not skip it."""
    line, before = 1, b""
    with path.open("rb") as file:
        while block := file.read(_BUFFER):
            if _TWO_LINE_ENDS.match(before + block[:3]):
                return line
            line += max(block.count(b"\n"), block.count(b"\r"))
            before = block[-1:]
    return None


def _line_fault(header: list[str], line: str, fault_of: Callable[[str, str], str | None]) -> str | None:
    """Say which rule a line breaks; a blank line breaks none."""
    try:
        line.encode()
        fields = _fields(line)
    except UnicodeEncodeError:
        return "not UTF-8"
    except csv.Error as error:
        return f"not plain CSV ({error})"
    if fields and len(fields) != len(header):
        return f"{len(fields)} values for {len(header)} columns"
    faults = (fault_of(column, value) for column, value in zip(header, fields, strict=False))
    return next((fault for fault in faults if fault), None)


def _is_date(value: str) -> bool:
    if not (match := _DATE.fullmatch(value)):
        return False
    try:
        dt.date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return False
    return True


def _is_number(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None and math.isfinite(float(value))


def _fields(line: str) -> list[str]:
    return next(csv.reader([line], strict=True))


def _shown(value: str) -> str:
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")
