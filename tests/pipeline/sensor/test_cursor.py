"""The cursor comes back as it was, and one that cannot be used is refused."""

import json
from pathlib import Path

import pytest

from lesson_lib.pipeline.folder_scan import scan
from lesson_lib.pipeline.sensor.cursor import Cursor


def test_a_cursor_comes_back_as_it_was() -> None:
    """It is stored as text that a person can read."""
    cursor = Cursor(done=("a", "b"), seen=("c",), retired=("d",))
    assert json.loads(cursor.to_json()) == {"format": 2, "done": ["a", "b"], "seen": ["c"], "retired": ["d"]}
    assert Cursor.from_json(cursor.to_json()) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "null",
        "[]",
        "7",
        '"word"',
        "NaN",
        "{}",
        '{"acme": "12-1500000000"}',
        '{"format": 1, "done": [], "seen": [], "retired": []}',
        '{"format": 3, "done": [], "seen": [], "retired": []}',
        '{"format": 2, "done": [], "seen": []}',
        '{"format": 2, "done": {}, "seen": [], "retired": []}',
        '{"format": 2, "done": [[]], "seen": [], "retired": []}',
        '{"format": 2, "done": [7], "seen": [], "retired": []}',
        '{"format": 2, "done": "word", "seen": [], "retired": []}',
        '{"format": 2, "done": null, "seen": [], "retired": []}',
        "9" * 5_000,
        "[" * 100_000,
        '{"a":' * 100_000,
        "\udcff\0",
    ],
    ids=lambda text: text[:40].encode("unicode_escape").decode(),
)
def test_a_cursor_that_is_not_ours_is_refused(text: str) -> None:
    """A cursor that is damaged, older, newer, hostile or of another sensor raises the same error."""
    with pytest.raises(ValueError):  # noqa: PT011 - each kind of damage has a message of its own
        Cursor.from_json(text)


def test_a_cursor_of_a_hundred_thousand_long_names_stays_small(tmp_path: Path) -> None:
    """Its size depends on the number of files, and not on their names."""
    (tmp_path / ("株" * 80 + ".csv")).touch()
    [digest] = [file.digest for file in scan(tmp_path).files.values()]
    assert len(Cursor(done=(digest,) * 100_000).to_json()) < 1_500_000
