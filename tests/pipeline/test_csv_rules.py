"""What a file may contain: an independent reading of the rules, compared with DuckDB's and Python's."""

import csv
import datetime as dt
import io
import math
import re
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lesson_lib.pipeline import InvalidKey, UnreadableFile, checked_key, quoting
from lesson_lib.pipeline.csv_rules import count_bad_prices
from lesson_lib.pipeline.source_files import inspect_file
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, create_table, replace_rows, transaction
from tests.pipeline.workspace import HEADER, Row, priced

ROW = "2018/01/22,4.25,100,425.0,-0.5,0.01"
EARLIER = (dt.date(2018, 1, 22), 4.25, 100.0, 425.0, -0.5, 0.01)
COLUMNS = HEADER.split(",")


class Table:
    """A table with a row of `acme` and one of another key, loaded by the pipeline's own functions."""

    def __init__(self, folder: Path) -> None:
        """Start with an empty database in memory."""
        self.path = folder / "acme.csv"
        self.con = duckdb.connect()
        create_table(self.con, CUSTOMER_TABLE)

    def reset(self) -> None:
        """Put the two rows back."""
        self.con.execute(f"DELETE FROM {CUSTOMER_TABLE}")
        self.con.executemany(
            f"INSERT INTO {CUSTOMER_TABLE} VALUES (?, ?, ?, ?, ?, ?, ?)",
            [[*EARLIER, key] for key in ("acme", "other")],
        )

    def load(self, content: bytes) -> None:
        """Load a file of this content as `acme`, as the two assets do."""
        self.path.write_bytes(content)
        file = inspect_file("acme", self.path)
        with transaction(self.con):
            stored = replace_rows(self.con, CUSTOMER_TABLE, [file])["acme"]
        assert (stored.rows.count, stored.replaced) == (len(self.rows("acme")), 1)

    def rows(self, key: str) -> list[Row]:
        """Return the rows of a key, sorted."""
        query = f"SELECT * EXCLUDE (partition_key) FROM {CUSTOMER_TABLE} WHERE partition_key = ? ORDER BY ALL"
        return self.con.execute(query, [key]).fetchall()

    def outcome(self, content: bytes) -> list[Row] | str:
        """Load a file, and return its rows, or the error after checking that nothing else has changed."""
        self.reset()
        try:
            self.load(content)
        except UnreadableFile as error:
            text = str(error)
        else:
            return self.rows("acme")
        finally:
            assert self.rows("other") == [EARLIER]
        assert self.rows("acme") == [EARLIER]
        assert text.startswith("acme.csv: ")
        assert text.endswith(
            ". Correct the file and materialize 'acme' again; its earlier rows are untouched."
        )
        return text


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """One table serves all examples; each begins with its own two rows."""
    table = Table(tmp_path_factory.mktemp("source"))
    yield table
    table.con.close()


def read_strictly(content: bytes) -> list[Row] | None:
    """Read a file strictly and simply, or return None if the rules refuse it."""
    try:
        header, *lines = [
            next(csv.reader([line], strict=True))
            for line in re.split(r"\r\n|\r|\n", content.decode("utf-8-sig"))
        ]
        if sorted(header) != sorted(COLUMNS):
            return None
        records = [dict(zip(header, line, strict=True)) for line in lines if line]
        rows = [
            (parse_day(record["date"]), *(number(record[column]) for column in COLUMNS[1:]))
            for record in records
        ]
    except (ValueError, csv.Error):
        return None
    return sorted(rows) or None


def parse_day(text: str) -> dt.date:
    """Read YYYY-MM-DD or YYYY/MM/DD."""
    year, month, date = text[:4], text[5:7], text[8:]
    if len(text) != 10 or text[4] + text[7] not in {"--", "//"} or not text.isascii():
        raise ValueError(text)
    if not (year + month + date).isdigit():
        raise ValueError(text)
    return dt.date(int(year), int(month), int(date))


def number(text: str) -> float:
    """Read a finite decimal; from 2**53 on, it must be exact, and only zero may become zero."""
    read = float(text)
    if not set(text) <= set("0123456789.+-eE") or not math.isfinite(read):
        raise ValueError(text)
    if read == 0 and Fraction(text) != 0:
        raise ValueError(text)
    if abs(read) >= 2**53 and Fraction(text) != read and abs(Fraction(text)) >= 2**53:
        raise ValueError(text)
    return read


def mixes_line_endings(content: bytes) -> bool:
    """Return whether lines end in more than one way: Python reads them, but DuckDB does not."""
    return len(set(re.findall(rb"\r\n|\r|\n", content))) > 1


def assert_by_the_rules(table: Table, content: bytes) -> None:
    """Assert that a file is loaded exactly as the reference reads it, or refused for a reason."""
    outcome, expected = table.outcome(content), read_strictly(content)
    if isinstance(outcome, list):
        assert outcome == expected
        return
    assert "changed" not in outcome
    assert "DuckDB" not in outcome
    if expected is not None:
        assert mixes_line_endings(content), f"read_strictly accepts what the pipeline refuses: {outcome}"
        assert re.search(r"line \d+ ends in (CR|LF|CRLF|CR CR LF)[,.]", outcome)
    else:
        assert re.search(r"line \d+(:| ends in) |empty|no rows|not plain CSV", outcome)


def zip_names(*names: str) -> bytes:
    """Return a zip file with entries of these names; a mimetype is that of an OpenDocument spreadsheet."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            file.writestr(
                name, "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else ""
            )
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "empty, without even a header"),
        (f"{HEADER}\n", "a header and no rows"),
        (f"{HEADER}\r\n\r\n\r\n", "a header and no rows"),
        (b"\x1f\x8b\x08\x00", "compressed (gzip), not plain CSV"),
        (priced(1).replace(",", ";"), "line 1: columns are separated by semicolons, not commas"),
        (priced(1).replace(",", "\t"), "line 1: columns are separated by tabs, not commas"),
        (priced(1).replace("amount,", ""), "line 1: missing amount."),
        (priced(1).replace("amount", "quantity"), "line 1: missing amount; unknown 'quantity'."),
        (priced(1).replace("spread", "spread,note"), "line 1: unknown 'note'."),
        (priced(1).replace("shift", "spend"), "line 1: missing shift; more than once spend."),
        (priced(1).replace("date", "Date"), "line 1: missing date; unknown 'Date'."),
        (priced(1, 2) + "2018/01/22,1,1,1,1\n", "line 4: 5 values for 6 columns: '2018/01/22,1,1,1,1'."),
        (priced(1, 2) + "2018/01/22\n", "line 4: 1 value for 6 columns: '2018/01/22'."),
        (
            priced(1, 2) + "2018/01/22,1,1,1,1,1,1\n",
            "line 4: 7 values for 6 columns: '2018/01/22,1,1,1,1,1,1'.",
        ),
        (priced(1, "nan"), "line 3: share_price is 'nan', not a finite decimal number"),
        (priced(1, ""), "line 3: share_price is '', not a finite decimal number"),
        (priced(1, "1_000"), "line 3: share_price is '1_000', not a finite decimal number"),
        (priced(1, '"1,000"'), "line 3: share_price is '1,000', not a finite decimal number"),
        (priced(1, "1e400"), "line 3: share_price is '1e400', not a finite decimal number"),
        (priced(1, "+-1"), "line 3: share_price is '+-1', not a finite decimal number"),
        (priced(1, '"1\n"'), "line 3: not plain CSV"),
        (
            priced(1) + "22.01.2018,1,1,1,1,1\n",
            "line 3: date is '22.01.2018', not a day written YYYY-MM-DD or YYYY/MM/DD",
        ),
        (priced(1) + "0000-01-01,1,1,1,1,1\n", "line 3: date is '0000-01-01', not a day"),
        (priced(1) + "-018-01-01,1,1,1,1,1\n", "line 3: date is '-018-01-01', not a day"),
        (priced(1) + "2018-1-2,1,1,1,1,1\n", "line 3: date is '2018-1-2', not a day"),
        (priced(1) + "2018-02-29,1,1,1,1,1\n", "line 3: date is '2018-02-29', not a day"),
        (priced(1) + '"2018-01-2\n",1,1,1,1,1\n', "line 3: not plain CSV"),
    ],
)
def test_a_fault_is_named(table: Table, content: str | bytes, fault: str) -> None:
    """The error names the line, the column and the rule; nothing is loaded."""
    outcome = table.outcome(content if isinstance(content, bytes) else content.encode())
    assert str(outcome).startswith(f"acme.csv: {fault}")


AS_CSV = ", not plain CSV. Save the data as CSV UTF-8"
AS_UTF8 = ". Save the file as CSV UTF-8"
ZIP = (
    "a zip file or an Excel workbook (.xlsx), not plain CSV. "
    "Unpack the zip file, or save the workbook as CSV UTF-8"
)
ONE_KIND = ". Save the file with one kind of line ending, LF or CRLF"
NO_HEADER = ", where the header belongs"
NO_NUMBER = ", not a finite decimal number"
NO_DAY = ", not a day written YYYY-MM-DD or YYYY/MM/DD"
COLUMNS_ARE = f". The header must name these columns, in any order: {HEADER}"
CRLF = priced(1, 2).replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        # The end of a line
        (CRLF.replace("\r\n", "\r\r\n"), f"line 1 ends in CR CR LF{ONE_KIND}"),
        (
            CRLF + "2018/01/22,1,1,1,1,1\n",
            f"line 4 ends in LF, the lines before it in CRLF{ONE_KIND}",
        ),
        (
            CRLF + "2018/01/22,1,1,1,1,1\r\r\n",
            f"line 4 ends in CR CR LF, the lines before it in CRLF{ONE_KIND}",
        ),
        (
            priced(1, 2).replace("\n", "\r", 1),
            f"line 2 ends in LF, the lines before it in CR{ONE_KIND}",
        ),
        (
            (CRLF + "2018/01/22,1,1,1,1,1\n").replace("2,1,", "2,n/a,"),
            f"line 2: share_price is 'n/a'{NO_NUMBER}",
        ),
        # Lines above the header
        ("\r\n" + CRLF, f"line 1: blank{NO_HEADER}. Remove that line"),
        ("\ufeff\r\n" + CRLF, f"line 1: blank{NO_HEADER}. Remove that line"),
        ("\n  \n\n" + priced(1), f"line 1: blank{NO_HEADER}. Make the header, line 4, the first line"),
        (" \xa0\n" + CRLF, f"line 1: ' \\xa0' (U+00A0 NO-BREAK SPACE){NO_HEADER}. Remove that line"),
        ("\n\n", f"line 1: blank{NO_HEADER}. Remove that line"),
        ("\ufeff", "empty, without even a header"),
        ("sep=,\r\n" + CRLF, f"line 1: 'sep=,'{NO_HEADER}. Remove that line"),
        ("sep=;\n" + priced(1).replace(",", ";"), f"line 1: 'sep=;'{NO_HEADER}. Remove that line"),
        ('"Sep=\t"\n', f"line 1: '\"Sep=\\t\"' (U+0009 tab){NO_HEADER}. Remove that line"),
        ("A title\n" + CRLF, f"line 1: 'A title'{NO_HEADER}. Make the header, line 2, the first line"),
        (f"{ROW}\n{HEADER}\n", f"line 1: '{ROW}'{NO_HEADER}. Make the header, line 2, the first line"),
        (f"\n{ROW}\n{HEADER}\n", f"line 1: blank{NO_HEADER}. Make the header, line 3, the first line"),
        (
            f'"date","cost"\n{HEADER}\n',
            f"line 1: missing {', '.join(COLUMNS[1:])}; unknown 'cost'{COLUMNS_ARE}",
        ),
        # What cannot be seen in the header, or looks like something else
        (
            priced(1).replace("amount", "\xa0amount"),
            f"line 1: missing amount; unknown '\\xa0amount' (U+00A0 NO-BREAK SPACE){COLUMNS_ARE}",
        ),
        (
            priced(1).replace("shift", "shi\u200bft"),
            f"line 1: missing shift; unknown 'shi\\u200bft' (U+200B ZERO WIDTH SPACE){COLUMNS_ARE}",
        ),
        (
            priced(1).replace("date", "d\u0430te"),
            f"line 1: missing date; unknown 'd\u0430te' (U+0430 CYRILLIC SMALL LETTER A){COLUMNS_ARE}",
        ),
        (
            "\ufeff\ufeff" + priced(1),
            f"line 1: missing date; unknown '\\ufeffdate' (U+FEFF ZERO WIDTH NO-BREAK SPACE){COLUMNS_ARE}",
        ),
        (
            priced(1).replace("spread", "spread\0"),
            f"line 1: missing spread; unknown 'spread\\x00' (U+0000 NUL){COLUMNS_ARE}",
        ),
        (priced(1).replace("\n", ",\n"), f"line 1: ends in 1 comma too many{COLUMNS_ARE}"),
        (priced(1).replace("\n", ",,\n"), f"line 1: ends in 2 commas too many{COLUMNS_ARE}"),
        (priced(1).replace("amount", ""), f"line 1: missing amount; unknown ''{COLUMNS_ARE}"),
        ('date,"share\n', "line 1: not plain CSV (unexpected end of data): 'date,\"share'"),
        (HEADER + "x" * 9_000, f"line 1: longer than 4096 bytes: '{HEADER}{'x' * 18}'...{COLUMNS_ARE}"),
        (
            HEADER + "x" * 4_053 + "\xe9",
            f"line 1: longer than 4096 bytes: '{HEADER}{'x' * 18}'...{COLUMNS_ARE}",
        ),
        # and in the rows
        (priced("10.00\0"), f"line 2: share_price is '10.00\\x00' (U+0000 NUL){NO_NUMBER}"),
        (priced("\xa010.00"), f"line 2: share_price is '\\xa010.00' (U+00A0 NO-BREAK SPACE){NO_NUMBER}"),
        (priced("1\u200b0"), f"line 2: share_price is '1\\u200b0' (U+200B ZERO WIDTH SPACE){NO_NUMBER}"),
        (priced("\u22121"), f"line 2: share_price is '\u22121' (U+2212 MINUS SIGN){NO_NUMBER}"),
        (
            priced("1\x85\u2028"),
            "line 2: share_price is '1\\x85\\u2028' (U+0085 control character, U+2028 LINE SEPARATOR)"
            + NO_NUMBER,
        ),
        (priced(" 1"), f"line 2: share_price is ' 1'{NO_NUMBER}"),
        (priced("x" * 70), f"line 2: share_price is '{'x' * 60}'...{NO_NUMBER}"),
        (
            priced(1) + "\ufeff2018/01/22,1,1,1,1,1\n",
            f"line 3: date is '\\ufeff2018/01/22' (U+FEFF ZERO WIDTH NO-BREAK SPACE){NO_DAY}",
        ),
        (priced('"10,00"'), f"line 2: share_price is '10,00'{NO_NUMBER}"),
        (priced("\u20ac10"), f"line 2: share_price is '\u20ac10' (U+20AC EURO SIGN){NO_NUMBER}"),
        (priced("10%"), f"line 2: share_price is '10%'{NO_NUMBER}"),
        (priced(1) + "   \n", "line 3: only blanks: '   '. Remove that line"),
        (
            priced(1) + "\t\xa0\n",
            "line 3: only blanks: '\\t\\xa0' (U+0009 tab, U+00A0 NO-BREAK SPACE). Remove that line",
        ),
        (priced(1) + ",,,,,\n", "line 3: only commas: ',,,,,'. Remove that line"),
        (priced(1) + ", ,\n", "line 3: only commas: ', ,'. Remove that line"),
        (priced(1) + "\x1a", "line 3: 1 value for 6 columns: '\\x1a' (U+001A control character)"),
        (
            priced(1) + "2018/01/22,1,1,1,1,1,\n",
            "line 3: ends in 1 comma too many: '2018/01/22,1,1,1,1,1,'. Remove trailing commas",
        ),
        (
            priced(1) + "2018/01/22,1,1,1,1,1,,\n",
            "line 3: ends in 2 commas too many: '2018/01/22,1,1,1,1,1,,'. Remove trailing commas",
        ),
        (
            priced(1) + "2018/01/22,1,1,1,1,1,1,\n",
            "line 3: 8 values for 6 columns: '2018/01/22,1,1,1,1,1,1,'",
        ),
        (priced(1) + '2018/01/22,"1\n', "line 3: not plain CSV (unexpected end of data): '2018/01/22,\"1'"),
        # Other encodings
        (priced(1).encode("utf-16"), f"text in UTF-16, not plain CSV{AS_UTF8}"),
        (b"\xfe\xff" + priced(1).encode("utf-16-be"), f"text in UTF-16, not plain CSV{AS_UTF8}"),
        (priced(1).encode("utf-16-le"), f"text in UTF-16, not plain CSV{AS_UTF8}"),
        (priced(1).encode("utf-16-be"), f"text in UTF-16, not plain CSV{AS_UTF8}"),
        (priced(1).encode("utf-32"), f"text in UTF-32, not plain CSV{AS_UTF8}"),
        (
            priced(1).replace("shift", "Gr\xf6\xdfe").encode("latin-1"),
            r"line 1: b'date,share_price,amount,spend,Gr\xf6\xdfe,spread' (byte 0xF6, byte 0xDF), not UTF-8"
            + AS_UTF8,
        ),
        (
            priced(1, "\xa03").encode("latin-1"),
            rf"line 3: share_price is b'\xa03' (byte 0xA0), not UTF-8{AS_UTF8}",
        ),
        (
            priced(1).encode() + b"2018/01/22\xe9,1\n",
            rf"line 3: b'2018/01/22\xe9,1' (byte 0xE9), not UTF-8{AS_UTF8}",
        ),
        # Other formats
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), f"an Excel workbook (.xls){AS_CSV}"),
        (b"PK\x03\x04" + bytes(50), ZIP),
        (zip_names("[Content_Types].xml"), f"an Excel workbook (.xlsx){AS_CSV}"),
        (zip_names("docProps/app.xml", "xl/workbook.xml"), f"an Excel workbook (.xlsx){AS_CSV}"),
        (zip_names("mimetype"), f"an OpenDocument spreadsheet (.ods){AS_CSV}"),
        (zip_names("acme.csv"), ZIP),
        (b"\x1f\x8b\x08\x00", "compressed (gzip), not plain CSV. Unpack it"),
        (b"%PDF-1.7\n", f"a PDF document{AS_CSV}"),
        ("<!DOCTYPE html>\n<html>", f"a web page (HTML) or XML{AS_CSV}"),
        ("\ufeff\n <HTML>", f"a web page (HTML) or XML{AS_CSV}"),
        ('[\n  {"date": "2018-01-22"}]', f"JSON{AS_CSV}"),
        ('{"date": []}', f"JSON{AS_CSV}"),
        (
            "[date],[share_price]\n",
            f"line 1: missing {', '.join(COLUMNS)}; unknown '[date]', '[share_price]'{COLUMNS_ARE}",
        ),
    ],
)
def test_an_error_shows_characters_that_an_editor_hides(
    table: Table, content: str | bytes, fault: str
) -> None:
    """The message names the line, its invisible and ambiguous characters, and the next move."""
    outcome = table.outcome(content if isinstance(content, bytes) else content.encode())
    what_next = "Correct the file and materialize 'acme' again; its earlier rows are untouched."
    assert outcome == f"acme.csv: {fault}. {what_next}"


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_to_the_last_bit(table: Table, value: float) -> None:
    """Numbers are stored as DOUBLE, since FLOAT would store 33597290 as 33597288."""
    written = repr(value) if abs(value) < 2**53 else f"{value:.0f}"
    outcome = table.outcome(f"{HEADER}\n2018/01/22,1,1,1,1,{written}\n".encode())
    assert outcome == [(dt.date(2018, 1, 22), 1.0, 1.0, 1.0, 1.0, value)]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("12345678901234567", "12345678901234568"),
        ("12345678901234567.0", "12345678901234568"),
        ("1.2345678901234567e16", "12345678901234568"),
        ("1.2345678901234567E+0016", "12345678901234568"),
        ("-12345678901234567", "-12345678901234568"),
        ("+12345678901234567", "12345678901234568"),
        ('"12345678901234567"', "12345678901234568"),
        ("00012345678901234567", "12345678901234568"),
        ("9007199254740993", "9007199254740992"),
        ("9007199254740993.5", "9007199254740994"),
        ("9007199254740992.1", "9007199254740992"),
        ("12345678901234567000e-2", "123456789012345664"),
        ("0.00012345678901234567e20", "12345678901234568"),
        ("1e23", "1e+23"),
        ("1e-400", "0"),
        (f"0.{'0' * 400}1", "0"),
    ],
)
@pytest.mark.parametrize("column", ["share_price", "spread"])
def test_a_large_number_that_a_double_rounds_is_refused(
    table: Table, column: str, written: str, stored: str
) -> None:
    """From 2**53 on, a DOUBLE cannot hold every whole number, so the import refuses the file."""
    rows = [ROW.split(","), ROW.split(",")]
    rows[1][COLUMNS.index(column)] = written
    shown = quoting.quote(written.strip('"'))
    assert table.outcome("\n".join([HEADER, *map(",".join, rows)]).encode()) == (
        f"acme.csv: line 3: {column} is {shown}, which a DOUBLE would store as {stored}. "
        "Correct the file and materialize 'acme' again; its earlier rows are untouched."
    )
    with pytest.raises(UnreadableFile):
        inspect_file("acme", table.path)


def test_a_large_number_that_a_double_rounds_is_refused_wherever_it_is(table: Table) -> None:
    """This includes the first column, and the start of a chunk."""
    header = f"amount,{HEADER.replace(',amount', '')}"
    row = "1,2018/01/22,4.25,425.0,-0.5,0.01\n"
    content = f"{header}\n{row * 40_000}".encode()
    for line in range(2, 40_002, 4_999):
        lines = content.splitlines(keepends=True)
        lines[line - 1] = b"9007199254740993" + lines[line - 1][1:]
        assert str(table.outcome(b"".join(lines))).startswith(
            f"acme.csv: line {line}: amount is '9007199254740993'"
        )


@pytest.mark.parametrize(
    "written",
    [
        "9007199254740992",
        "9007199254740994",
        "-9007199254740994.000",
        "1e22",
        "+1.0E+22",
        "1" + "0" * 22,
        "0000000000000000001",
        "1e0000000000000000001",
        "123456789012345.67",
        "0.12345678901234567",
        "9007199254740991.99999999999999999999",
        "12345678901234567e-9",
        "1.2345678901234567e-16",
        "0e99999999999999999999",
    ],
)
def test_a_number_that_a_double_holds_is_stored(table: Table, written: str) -> None:
    """Large exact numbers are stored, and numbers below 2**53 as the nearest DOUBLE."""
    assert table.outcome(f"{HEADER}\n2018/01/22,1,1,1,1,{written}\n".encode()) == [
        (dt.date(2018, 1, 22), 1.0, 1.0, 1.0, 1.0, float(written))
    ]


NASTY = [
    "", " ", "nan", "NaN", "inf", "-Infinity", "NULL", "null", "true", "1_000", '"1,000"', "1,000",
    "1e400", "-1e400", "1e-400", "0x1F", "1e", "e5", "+5", "+-1", "-+1", "--1", ".5", "5.", ".",
    "-", "1.5.5", "1 ", " 1", '"1"', '" 1"', '"1\n"', '"\r\n1"', '""', '"', '1"', '"1"2', '"1""2"',
    "1;2", "1\t", "1%", "$1", "1f", "1d", "\u0661", "\uff11", "\u22121", "1\u00a0", "\u200b1",
    "\ufeff", "\x00", "\x1a", "\x0b", "\x85", "\u2028", "33597290", "0.1", "1" * 400,
    "0" * 400 + "1", "2018/1/2", "2018-1-2", "02018-1-2", "-018-01-01", "+018-01-01", "0000-01-01",
    "0001-01-01", "9999-12-31", "10000-01-01", "2018-02-29", "2020/02/29", "2018-13-01",
    "2018/01-02", "2018-01-2/", "2018-01-2e", '"2018-01-2\n"', "2018 01 02", "20180102",
    "2018-01-02 00:00:00", "2018-01-02T00:00", "2018-01-02 (BC)", "01/02/2018", "22-01-2018",
    "12345678901234567", '"-9007199254740993"', "9007199254740993.5", "9007199254740994", "1e22", "1e23",
    "1.2345678901234567e16", "0.12345678901234567", "0" * 20 + "1", "sep=,", "\r\r\n",
    "infinity", "epoch", "today", ",", ",,", "\n", "\r", "\r\n", "\n\n", "#", "\\N", "\\", "'1'",
    "date", ROW, "\n" + HEADER + "\n",
]  # fmt: skip

LEGAL_BYTES = '0123456789.,/-+eE"\r\n'


@st.composite
def files_with_changed_values(draw: st.DrawFn) -> bytes:
    """Draw a sound file in which up to three tokens (values, commas, line ends) are replaced or doubled."""
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    header = draw(st.permutations(COLUMNS))
    values = dict(zip(COLUMNS, ROW.split(","), strict=True))
    tokens: list[str] = []
    for line in [header, *([[values[column] for column in header]] * draw(st.integers(0, 3)))]:
        tokens += [*[part for value in line for part in (value, ",")][:-1], end]
    if draw(st.booleans()):
        tokens.pop()
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(tokens) - 1))
        nasty = st.sampled_from(NASTY) | st.text(LEGAL_BYTES, max_size=12) | st.text(max_size=3)
        tokens[place] = draw(st.sampled_from(["", tokens[place]])) + draw(nasty)
    content = "".join(tokens).encode("utf-8", "surrogatepass")
    return draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf"])) + content


@pytest.mark.parametrize("column", ["date", "amount"])
def test_each_nasty_value_alone_is_read_by_the_rules_or_refused(table: Table, column: str) -> None:
    """It gives the rows of the reference, or an error and the earlier rows."""
    values = dict(zip(COLUMNS, ROW.split(","), strict=True))
    for value in NASTY:
        line = ",".join((values | {column: value}).values())
        assert_by_the_rules(table, f"{HEADER}\n{ROW}\n{line}\n".encode())


@st.composite
def files_with_cut_bytes(draw: st.DrawFn) -> bytes:
    """Draw a sound file in which some bytes are deleted, replaced or inserted."""
    content = bytearray(f"{HEADER}\n{ROW}\n{ROW}\n".encode())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        content[start : start + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(content)


@settings(max_examples=250, derandomize=True, deadline=None)
@given(files_with_changed_values())
def test_a_file_with_changed_values_is_read_by_the_rules_or_refused(table: Table, content: bytes) -> None:
    """Any text in place of a value gives the rows of the reference, or an error and the earlier rows."""
    assert_by_the_rules(table, content)


@settings(max_examples=120, derandomize=True, deadline=None)
@given(files_with_cut_bytes())
def test_a_file_with_cut_bytes_is_read_by_the_rules_or_refused(table: Table, content: bytes) -> None:
    """A missing, changed or extra byte gives the reference's rows, or an error and the earlier rows."""
    assert_by_the_rules(table, content)


@settings(max_examples=120, derandomize=True, deadline=None)
@given(st.binary(max_size=200) | st.text(LEGAL_BYTES).map(lambda body: f"{HEADER}\n{body}".encode()))
@example(f"{HEADER}\n{ROW}".encode("utf-16"))
def test_any_bytes_are_read_by_the_rules_or_refused(table: Table, content: bytes) -> None:
    """Whatever a file holds, the result is the reference's rows, or an error and the earlier rows."""
    assert_by_the_rules(table, content)


PRICES = [
    "1",
    "20.50",
    "0.5",
    "00.5",
    ".5",
    "+1",
    '"3"',
    "1e2",
    "0",
    "-0",
    "0.00",
    "-1",
    '"-1"',
    "+0",
    ".0",
    "1e-400",
    "0e5",
]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    prices=st.lists(st.sampled_from(PRICES), min_size=1, max_size=6),
    position=st.integers(0, 5),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    end=st.sampled_from(["", "\n", "\n\n"]),
)
def test_every_bad_price_is_counted(prices: list[str], position: int, ending: str, end: str) -> None:
    """The column of the price, and how it and the lines are written, make no difference."""
    header = [column for column in COLUMNS if column != "share_price"]
    header.insert(position, "share_price")
    lines = ending.join(
        ",".join(price if column == "share_price" else "-7" for column in header) for price in prices
    )
    bad = sum(float(price.strip('"')) <= 0 for price in prices)
    assert count_bad_prices(tuple(header), (lines + end).encode()) == bad


@pytest.mark.parametrize("end", ["", "\n", "\r"], ids=repr)
def test_a_line_longer_than_duckdb_reads_is_refused(table: Table, end: str) -> None:
    """DuckDB would drop a long last line and report success."""
    lines = (HEADER, ROW, "2018/01/22,1,1,1,1,0." + "1" * 9_000_000)
    outcome = table.outcome(((end or "\n").join(lines) + end).encode())
    assert str(outcome).startswith("acme.csv: line 3: longer than 1048576 bytes: '2018/01/22,1,1,1,1,0.111")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("shift", range(-2, 3))
def test_a_blank_line_where_duckdb_cuts_the_file_is_refused_by_its_number(
    table: Table, end: str, shift: int
) -> None:
    """DuckDB cuts after each four million bytes; before and after that byte, a blank line is skipped."""
    line = f"{ROW}{end}"
    lines, zeros = divmod(4_000_000 + shift - len(HEADER + end), len(line))
    rows = line * (lines - 1) + ROW + "0" * zeros + end
    outcome = table.outcome(f"{HEADER}{end}{rows}{end}{line}".encode())
    if shift in ([0, 1] if end == "\r\n" else [0]):
        assert str(outcome).startswith(f"acme.csv: line {lines + 2}: blank, just where DuckDB cuts the file")
    else:
        assert outcome == [EARLIER] * (lines + 1)


def test_a_long_value_takes_no_time(table: Table) -> None:
    """A value with a fault at its end is read once, not once for each of its digits."""
    outcome = table.outcome(priced("1" * 130_000 + "x").encode())
    assert str(outcome).startswith("acme.csv: line 2: share_price is '1111")


def test_blank_lines_take_no_time(table: Table) -> None:
    """With a million of them, a search that looks beyond its line would not end."""
    outcome = table.outcome(f"{HEADER}\n{ROW}\n".encode() + b"\n" * 1_000_000)
    assert outcome == [EARLIER]


@st.composite
def many_sound_files(draw: st.DrawFn) -> dict[str, bytes]:
    """Draw files, by key, each with an order of columns, line ends, quotes and blank lines of its own."""
    key = st.text("ab\u00e9 '\"%{}~#$;&()!+=@.-", min_size=1, max_size=6).filter(_is_key)
    files = {}
    for number, name in enumerate(draw(st.lists(key, min_size=2, max_size=12, unique_by=str.casefold))):
        header = draw(st.permutations(COLUMNS))
        end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
        quote, mark = draw(st.sampled_from(["", '"'])), draw(st.sampled_from(["", "\ufeff"]))
        lines = [",".join(quote + column + quote for column in header)]
        for row in range(draw(st.integers(1, 3))):
            values = dict(zip(COLUMNS, ROW.split(","), strict=True)) | {"amount": f"{number}.{row}"}
            lines += ["", ",".join(quote + values[column] + quote for column in header)][
                draw(st.integers(0, 1)) :
            ]
        files[name] = (mark + end.join(lines) + draw(st.sampled_from(["", end, end * 2]))).encode()
    return files


def _is_key(name: str) -> bool:
    try:
        return checked_key(name) == name
    except InvalidKey:
        return False


@pytest.fixture(scope="module", params=["plain", "a [glob]s*? {folder} o'hare"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two folders, one of them with a name that DuckDB would take for a pattern."""
    folder = tmp_path_factory.mktemp("many") / request.param
    folder.mkdir()
    return folder


@settings(max_examples=40, derandomize=True, deadline=None)
@given(many_sound_files())
def test_many_files_at_once_are_read_as_one_by_one(
    folder: Path, table: Table, contents: dict[str, bytes]
) -> None:
    """Each row is stored under its own key, however the files differ, also when they are loaded again."""
    table.reset()
    files = []
    for key, content in contents.items():
        path = folder / f"{key}.csv"
        path.write_bytes(content)
        files.append(inspect_file(key, path))
    expected = {key: read_strictly(content) for key, content in contents.items()}
    counts = {key: len(rows or ()) for key, rows in expected.items()}
    for replaced in ({}, counts):
        with transaction(table.con):
            stored = replace_rows(table.con, CUSTOMER_TABLE, files)
        assert {key: (of_key.rows.count, of_key.replaced) for key, of_key in stored.items()} == {
            key: (count, replaced.get(key, 0)) for key, count in counts.items()
        }
        assert {key: table.rows(key) for key in contents} == expected
        assert table.rows("other") == [EARLIER]
    assert count_rows(table) == 2 + sum(counts.values())


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.lists(files_with_changed_values(), min_size=2, max_size=6), st.data())
def test_a_faulty_file_among_many_is_refused_as_it_is_alone(
    folder: Path, table: Table, contents: list[bytes], data: st.DataObject
) -> None:
    """The message is the same: the other files are not blamed, and do not hide the fault."""
    files, faults = [], []
    for number, content in enumerate(contents):
        path = folder / f"k{number}.csv"
        path.write_bytes(content)
        try:
            files.append(inspect_file(f"k{number}", path))
        except UnreadableFile:
            continue
        table.reset()
        try:
            with transaction(table.con):
                replace_rows(table.con, CUSTOMER_TABLE, files[-1:])
        except UnreadableFile as error:
            faults.append(str(error))
    files = data.draw(st.permutations(files))
    if not files:
        return
    table.reset()
    try:
        with transaction(table.con):
            replace_rows(table.con, CUSTOMER_TABLE, files)
        message = None
    except UnreadableFile as error:
        message = str(error)
    assert message in (faults or [None])
    if faults:
        assert (table.rows("other"), count_rows(table)) == ([EARLIER], 2)


def count_rows(table: Table) -> int:
    """Return how many rows there are, of all keys."""
    ((count,),) = table.con.execute(f"SELECT count(*) FROM {CUSTOMER_TABLE}").fetchall()
    return int(count)
