"""What is left out of foreign texts, and what is not."""

import os
import tempfile
import time
from pathlib import Path

import pytest

from lesson_lib.classroom.display.safe_text import escape_invisible, format_count, format_list, shorten
from lesson_lib.unstable_text import hide_unstable

LENGTH = 40_000  # characters
MIN_SECONDS = 0.2  # of the processor; shorter times are not compared

PATHS = [
    ("/srv/data/x.csv", "…/x.csv"),
    ("/srv/data/", "…/data/"),
    ("No file '/srv/my data/my x.csv'.", "No file '…/my x.csv'."),
    ("path=/srv/data/x.csv:12: bad", "path=…/x.csv:12: bad"),
    ("PATH=/usr/local/bin:/opt/bin", "PATH=…/bin:…/bin"),
    ("/home/jo/x", "…/x"),
    ("/home/Jo Doe/x", "…/x"),
    ("no /home/Jo van Doe/data/x.csv: gone", "no …/x.csv: gone"),
    ("/Users/Jo Doe/x", "…/x"),
    ("~/x", "…/x"),
    ("~/data/x and ~\\data\\x", "…/x and …/x"),
    (r"C:\data\x.csv", "…/x.csv"),
    (r"C:\Users\Jo Doe\x", "…/x"),
    (repr(r"C:\Users\Jo Doe\data\x"), "'…/x'"),
    (r"\\?\C:\data\x", "…/x"),
    (r"\\server\share\x", "…/x"),
    (r"in \\server\share\data\x.csv: gone", "in …/x.csv: gone"),
    (repr(r"\\server\share\data\my x"), "'…/my x'"),
    (str([r"\\server\share\data\x"]), "['…/x']"),
    ("file:///home/jo/x", "file://…/x"),
    ("file:///home/Jo Doe/x", "file://…/x"),
    ("file:///C:/Users/Jo Doe/x", "file://…/x"),
    ("sqlite:////srv/data/x.db", "sqlite://…/x.db"),
    ('File "/usr/lib/python3/site-packages/dagster/a.py", line 3', 'File "dagster/a.py", line 3'),
    (r"C:\Program Files\Python\Lib\site-packages\dagster\a.py", r"dagster\a.py"),
    (
        "https://example.org/x is in /usr/dist-packages/dagster/a.py",
        "https://example.org/x is in dagster/a.py",
    ),
    ("see /srv/x/y and /usr/lib/site-packages/a.py", "see …/y and a.py"),
    ('File "/srv/ipykernel_12/345.py", line 1', 'File "a cell", line 1'),
    (r"C:\Users\Jo Doe\Temp\ipykernel_12\345.py", "a cell"),
]

OTHER = [
    ("<object object at 0x7f6eb629d010>", "<object object>"),
    ("run 5b1cde6f-2a6c-4e0d-9a4e-0c8f6a1b2c3d", "run (id)"),
    ("done (pid: 123) in 12.5ms", "done"),
]

UNTOUCHED = [
    *("2017/09/11", "'/2017/09/11'", "09/11/2017", "1/2", "3 /4/5", "and/or", "n/a", "'/'", "a /b/ c"),
    *("https://example.org/a/b", "https://localhost:8080/a/b", "http://[::1]:80/a/b", "http://x.org/~jo/a/b"),
    *("s3://bucket/a/b", "data/x/y.csv", "./a/b", "../a/b", "{folder}/a/b", "~5/6"),
    *("SELECT a/b/c FROM t", "SELECT (a + b)/c/d", "SELECT 1 /*a/b*/", "a // b //c/d", "'a'/'b'/'c'"),
    *("<b>x</b></i>", "<br /><hr/>", "&lt;/b&gt;&lt;/i&gt;", "<a/><b/>"),
    *(r"\\d+\\w+\\s", r"\\nfoo\\nbar\\nbaz", r"\n and \t", "a:b", "acme", ""),
]

# With these, a search that starts at each place and reads on to the end would take hours.
LONG_WINDED = [
    *(
        "/",
        "(/",
        "/a",
        " /a",
        "\\",
        "'/",
        "'/a",
        "/home/",
        " /home/a",
        " /home/a b c",
        "~/",
        "…/",
        "C:/",
        "C:\\",
    ),
    *(
        "'",
        "\\\\a\\b",
        "://",
        ":///",
        "\\\\?\\",
        "C:/(",
        "C: ",
        "/(site-packages",
        "ipykernel_1",
        "x",
        "…",
        "~",
    ),
    *(" in 1", " at 0x", "0", "'/a\" ", "a /home/b "),
]


@pytest.mark.parametrize(("before", "after"), [*PATHS, *OTHER])
def test_unstable_parts_are_hidden(before: str, after: str) -> None:
    """Folders, ids, addresses and times are hidden, and hiding them twice changes nothing."""
    assert hide_unstable(before) == after
    assert hide_unstable(after) == after


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_only_looks_like_a_path_stays(text: str) -> None:
    """Dates, fractions, SQL, tags and hosts are not hidden."""
    assert hide_unstable(text) == text


def test_known_folders_are_hidden_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home, working and temporary folders are hidden, whatever blanks they contain."""
    home, work, temporary = folders = [tmp_path / "its own" / name for name in ("a b c d", "e f", "g  h")]
    for folder in folders:
        folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.chdir(work)
    for folder in folders:
        assert hide_unstable(f"No {folder / 'data' / 'x.csv'}, no '{folder}'.") == "No …/x.csv, no '…'."
        assert hide_unstable(f"It is in {folder}.") == "It is in …."
    assert hide_unstable(f"file://{home.as_posix()}/x") == "file://…/x"


def test_a_deleted_working_directory_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deleted working directory raises no error, since errors themselves are shown this way."""

    def gone() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "getcwd", gone)
    assert hide_unstable(f"no {tmp_path / 'x.csv'}") == "no …/x.csv"


def measure(text: str) -> float:
    """Return the processor's seconds that it takes to hide the unstable parts of a text."""
    began = time.process_time()
    assert len(hide_unstable(text)) <= len(text) + len("…")
    return time.process_time() - began


@pytest.mark.parametrize("piece", LONG_WINDED)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    """The time grows with the length of a text, not with its square."""
    short, text = (piece * (length // len(piece)) for length in (LENGTH // 4, LENGTH))
    for form in ("{}", "'{}\"", "/home/{}"):
        # Four times as long takes four times as long, or sixteen times in quadratic time.
        assert measure(form.format(text)) < max(MIN_SECONDS, 7 * measure(form.format(short)))


def test_invisible_characters_are_written_as_codes() -> None:
    """Invisible characters become codes, except for those that spell words and emoji."""
    assert escape_invisible("a\u202eb\x00c\nd") == "a\\u202eb\\x00c\\nd"
    assert escape_invisible("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"


def test_long_texts_lose_their_middle() -> None:
    """A long text is cut in its middle, and its length is shown."""
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefgh", 6) == "abc … fgh (8 characters)"


def test_long_lists_keep_both_ends() -> None:
    """A long list keeps both ends, and its length is shown."""
    assert format_list(["a", "b"]) == "a, b"
    assert format_list([str(n) for n in range(1_000)], max_items=3) == "0, 1, … 999 (1,000 in all)"


def test_numbers_agree_with_their_noun() -> None:
    """The noun is in the singular for the number one only."""
    assert [format_count(n, "key") for n in (0, 1, 10_000)] == ["0 keys", "1 key", "10,000 keys"]
