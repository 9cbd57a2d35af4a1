"""The rules for the content of a source file, and a fast check whether a file follows them.

DuckDB enforces most of them, because it is given every type, and `is_suspect` catches the rest. `csv_faults`
reads a refused file line by line, to find the line and the rule. The tests compare the two.
"""

import csv
import datetime as dt
import math
import re
from decimal import Decimal
from pathlib import Path

COLUMNS = ("date", "share_price", "amount", "spend", "shift", "spread")

# Every byte that a row may contain. With the others (letters, blanks, "_", ";", NUL, all beyond ASCII),
# DuckDB is more lenient: it accepts "1_000", "nan", " 1" and "2018 01 22".
ROW_BYTES = b'0123456789.,/-+eE"\r\n'

# The kind of each byte of a row: a digit, a point, something between numbers, or illegal.
_KINDS = bytes(
    ord("0" if byte in b"0123456789" else "." if byte in b"." else " " if byte in ROW_BYTES else "?")
    for byte in range(256)
)
_LONG_NUMBER = b"0" * 16  # as many digits as FIRST_ROUNDED has before the point
_LONG_FRACTION = b"0" * 300  # a number with fewer digits behind its point is not too small for a DOUBLE
# An exponent that can make a number too large or too small: any but -1 to -99.
_FAR_EXPONENT = re.compile(rb'[eE](?!-\d{1,2}(?:[,"\r\n]|\Z))')

# A value of at least 16 characters, or one with an exponent.
_LONG_OR_EXPONENT = re.compile(rb'(?<![^,"\r\n])(?:[^,"\r\n]{16,}|[^,"\r\neE]*+[eE][^,"\r\n]*)')

# A DOUBLE holds every whole number up to this one, but not the next.
FIRST_ROUNDED = 2**53

# A quoted value on one line. DuckDB accepts a quoted value with a line break as a number or a date.
_QUOTED = re.compile(rb'"[^",\r\n]*"')

# What the types do not check: the form of a date, and overflow. Years with the signs "-", "+" and ".", which
# DuckDB would read as years before Christ, sort before "0001".
VALID_ROW_SQL = "date >= '0001' AND (date LIKE '____/__/__' OR date LIKE '____-__-__')" + "".join(
    f" AND isfinite({column})" for column in COLUMNS[1:]
)

MAX_HEADER_BYTES = 4_096
MAX_LINE_BYTES = 1 << 20
BUFFER_BYTES = 4_000_000  # of DuckDB; with its default of 32 MB one of two cores idles over a file of 47 MB

_DATE = re.compile(r"\d{4}([/-])\d\d\1\d\d", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d++\.?\d*+|\.\d++)([eE][+-]?\d++)?", re.ASCII)


def build_read_csv_sql(header: tuple[str, ...]) -> str:
    """Return the FROM clause by which DuckDB reads files with these columns strictly, without sniffing.

    Its parameter `$paths` is a list of paths, each from `escape_glob`. `date` is text, for `VALID_ROW_SQL` to
    check; the other columns are DOUBLE. No row can contain the `nullstr`, so that a blank value, or a comma
    too many, is an error instead of a NULL.
    """
    columns = ", ".join(f"'{name}': '{'VARCHAR' if name == 'date' else 'DOUBLE'}'" for name in header)
    return (
        f"read_csv($paths, columns = {{{columns}}}, auto_detect = false, header = true, delim = ',', "
        "quote = '\"', escape = '\"', nullstr = 'NULL', compression = 'none', hive_partitioning = false, "
        f"buffer_size = {BUFFER_BYTES})"
    )


def escape_glob(path: Path) -> str:
    """Return the path in a form in which DuckDB's `read_csv`, which globs, reads exactly this file."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def is_suspect(lines: bytes) -> bool:
    """Return whether whole lines break a rule that DuckDB does not enforce."""
    kinds = lines.translate(_KINDS)
    return (
        b"?" in kinds
        or (b"+" in lines and b"+-" in lines)  # DuckDB reads "+-1" as -1; a single byte is found much faster
        or (b'"' in lines and b'"' in _QUOTED.sub(b"", lines))
        or ((_has_long_number(kinds) or _has_exponent(lines)) and _has_rounded_number(lines))
    )


def _has_long_number(kinds: bytes) -> bool:
    # Searching from the end is faster here, because it skips more.
    has_long_start = kinds.startswith(_LONG_NUMBER) or kinds.rfind(b" " + _LONG_NUMBER) >= 0
    return has_long_start or _LONG_FRACTION in kinds


def _has_exponent(lines: bytes) -> bool:
    return (b"e" in lines or b"E" in lines) and _FAR_EXPONENT.search(lines) is not None


def _has_rounded_number(lines: bytes) -> bool:
    values = (match[0] for match in _LONG_OR_EXPONENT.finditer(lines))
    large = (value.decode() for value in values if not 0 < abs(_parse_float(value)) < FIRST_ROUNDED)
    return any(is_number(value) and is_rounded(value) for value in large)


def count_bad_prices(header: tuple[str, ...], lines: bytes) -> int:
    """Count the rows among whole lines whose share_price is zero or less; non-numbers are ignored."""
    before = header.index("share_price")
    lines = b"\n" + lines.replace(b"\r", b"\n")
    # Most prices begin with a digit above zero. Checking that all do is faster than parsing them, and such a
    # price can only be zero if it has an exponent.
    if not (b"e" in lines or b"E" in lines or re.search(rb"\n(?:[^,\n]*+,){%d}+[^1-9\n]" % before, lines)):
        return 0
    prices = re.findall(rb"\n(?:[^,\n]*+,){%d}+([^,\n]*+)" % before, lines)
    return sum(_parse_float(price.strip(b'"')) <= 0 for price in prices)


def _parse_float(value: bytes) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan


def is_date(value: str) -> bool:
    """Return whether a value is a day written YYYY-MM-DD or YYYY/MM/DD."""
    if not _DATE.fullmatch(value):
        return False
    try:
        dt.date.fromisoformat(value.replace("/", "-"))
    except ValueError:
        return False
    return True


def is_number(value: str) -> bool:
    """Return whether a value is a finite decimal number."""
    return _NUMBER.fullmatch(value) is not None and math.isfinite(float(value))


def is_rounded(number: str) -> bool:
    """Return whether a DOUBLE would change a finite number of `FIRST_ROUNDED` or more, or make it zero."""
    if float(number) == 0:
        return re.search("[1-9]", re.split("[eE]", number)[0]) is not None
    if abs(float(number)) < FIRST_ROUNDED:
        return False
    exact = Decimal(number)
    return not -FIRST_ROUNDED < exact < FIRST_ROUNDED and exact != float(number)


def split_fields(line: str) -> list[str]:
    """Split a line into its values, or raise csv.Error if it is not plain CSV."""
    return next(csv.reader([line], strict=True))
