"""A verdict shows one value, or one row, in which a table and a file differ."""

from datetime import date

import pytest

from lesson_lib.classroom.exercises.row_difference import Row, describe_difference

COLUMNS = ("day", "degrees", "note")
FILE: list[Row] = [
    (date(2024, 1, 1), 4.5, "fog"),
    (date(2024, 1, 2), 4.0, None),
    (date(2024, 1, 2), 4.0, None),
]
EARLIER: list[Row] = [(date(2023, 1, 1), 1.5, "ice")]
FILES = {"its file": FILE, "its first file": EARLIER}


def test_the_same_rows_in_another_order_do_not_differ() -> None:
    """The order does not matter, and how often a row occurs does."""
    assert describe_difference("harbour", COLUMNS, FILE[::-1], FILES) is None


@pytest.mark.parametrize(
    ("found", "seen"),
    [
        ([], "0 rows of harbour"),
        (
            [(date(2024, 1, 1), 4.0, "fog"), *FILE[1:]],
            "3 rows of harbour, and in row 1, degrees is 4 in the table, 4.5 in its file",
        ),
        (
            [FILE[0], FILE[1], (*FILE[2][:2], "NULL")],
            "3 rows of harbour, and in row 3, note is 'NULL' in the table, NULL in its file",
        ),
        (FILE[:2], "2 rows of harbour, without row 3: day 2024-01-02, degrees 4, note NULL"),
        (
            [*FILE, FILE[0]],
            "4 rows of harbour, 1 of them repeated, such as day 2024-01-01, degrees 4.5, note 'fog'",
        ),
        (
            [*FILE, (date(2024, 1, 9), 0.5, "sun")],
            "4 rows of harbour, 1 of them not in its file, such as day 2024-01-09, degrees 0.5, note 'sun'",
        ),
        (EARLIER, "1 row of harbour, from its first file"),
        ([*FILE, *EARLIER], "4 rows of harbour, 1 of them from its first file"),
    ],
)
def test_one_difference_is_described(found: list[Row], seen: str) -> None:
    """Two rows that are most alike show the value, and rows of another file are named after it."""
    expected = "3 rows of harbour, those of its file"
    assert describe_difference("harbour", COLUMNS, found, FILES) == (seen, expected)
