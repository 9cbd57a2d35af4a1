"""The scan of the source folder: which files count, and their digests."""

import errno
import os
import sys
from pathlib import Path

import pytest

from lesson_lib.pipeline.folder_scan import scan

NFC, NFD = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"


def put(folder: Path, name: str, content: str = "x", modified: float = 1e9) -> Path:
    """Write a file that was last modified long ago."""
    path = folder / name
    path.write_text(content)
    os.utime(path, (modified, modified))
    return path


def find_digests(folder: Path) -> dict[str, str]:
    """Return the digest of each key's file."""
    return {key: file.digest for key, file in scan(folder).files.items()}


@pytest.mark.parametrize("name", [".acme.csv", ".csv", "~$acme.csv", "2018-01-22.csv", "2018-01-26.csv"])
def test_hidden_files_lock_files_and_days_of_the_calendar_are_not_customers_files(
    tmp_path: Path, name: str
) -> None:
    """They are ignored, and nothing is reported about them."""
    put(tmp_path, name)
    put(tmp_path, "globex.csv")
    found = scan(tmp_path)
    assert (list(found.files), found.count_files(), found.find_days_outside_calendar()) == (["globex"], 1, [])
    assert (found.not_csv, found.not_utf8, found.unreadable) == ([], [], {})


@pytest.mark.parametrize("name", ["o'hare", "a.b", "~a", "2018", "20180122", "2018-01-22 acme"])
def test_every_other_csv_file_is_a_customers_file(tmp_path: Path, name: str) -> None:
    """Digits in a name do not make it a day."""
    put(tmp_path, f"{name}.csv")
    assert list(scan(tmp_path).files) == [name]


@pytest.mark.parametrize(
    "day", ["2018-01-21", "2018-01-27", "2018-02-30", "2018-1-22", "2018_01_22", "\uff12018-01-22"]
)
def test_a_day_outside_the_calendar_is_not_a_customers_file(tmp_path: Path, day: str) -> None:
    """It is kept apart from the days that the exchange's assets load, and it does not count as missing."""
    for name in (day, "2018-01-22"):
        put(tmp_path, f"{name}.csv")
    found = scan(tmp_path)
    assert (found.files, found.count_files(), found.find_days_outside_calendar()) == ({}, 0, [day])
    assert found.has_file(day)
    assert found.has_file("2018-01-22")


@pytest.mark.parametrize(
    "name",
    [
        "ACME.CSV",
        "acme.Csv",
        "acme.csv ",
        "acme.csv.",
        "acme.csv.txt",
        "acme.csv.gz",
        "acme.csv~",
        "acme.xlsx",
        "acme",
        "acme\uff0e\uff43\uff53\uff56",
        "acme.\u0441sv",
        "acme.cs\u200bv",
    ],
)
def test_a_visible_file_with_another_suffix_is_not_taken(tmp_path: Path, name: str) -> None:
    """The scan names it, and it does not count as a data file."""
    put(tmp_path, name)
    found = scan(tmp_path)
    assert (found.files, found.count_files(), found.not_csv) == ({}, 0, [name])


def test_names_that_nearly_end_in_csv_come_first(tmp_path: Path) -> None:
    """A message names only some files, so those that are most likely a customer's come first."""
    for name in ("a.txt", "b.xlsx", "ZENITH.CSV", "zulu\uff0e\uff43\uff53\uff56"):
        put(tmp_path, name)
    assert scan(tmp_path).not_csv == ["ZENITH.CSV", "zulu\uff0e\uff43\uff53\uff56", "a.txt", "b.xlsx"]


def test_folders_and_pipes_are_no_files_and_a_link_to_a_file_is_one(tmp_path: Path) -> None:
    """The target of a link decides."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "folder.csv").mkdir()
    (source / "folder").mkdir()
    os.mkfifo(source / "pipe.csv")
    os.mkfifo(source / "pipe")
    (source / "linked.csv").symlink_to(put(tmp_path, "file"))
    found = scan(source)
    assert (list(found.files), found.doubles, found.unreadable) == (["linked"], [], {})
    # A folder in the place of a file is in its way, so the key has not vanished.
    assert (found.not_csv, found.has_file("linked"), found.has_file("folder")) == ([], True, True)


def test_a_link_that_points_nowhere_is_there_and_cannot_be_read(tmp_path: Path) -> None:
    """It may point to a disk that is not mounted, so its key has not vanished."""
    (tmp_path / "acme.csv").symlink_to(tmp_path / "nowhere")
    found = scan(tmp_path)
    assert (found.files, found.unreadable) == ({}, {"acme": "a link that points nowhere"})
    assert (found.has_file("acme"), found.count_files()) == (True, 1)


def test_a_link_in_a_circle_is_there_and_cannot_be_read(tmp_path: Path) -> None:
    """Its key has not vanished, and the system's error is its cause."""
    (tmp_path / "acme.csv").symlink_to(tmp_path / "acme.csv")
    found = scan(tmp_path)
    assert (found.files, found.unreadable) == ({}, {"acme": os.strerror(errno.ELOOP)})
    assert found.has_file("acme")


def test_files_come_in_order_of_key(tmp_path: Path) -> None:
    """A full stop sorts after a hyphen, and the end of a key before both."""
    for name in ("b.csv", "a-eu.csv", "a.csv", "a.eu.csv"):
        put(tmp_path, name)
    assert list(scan(tmp_path).files) == ["a", "a-eu", "a.eu", "b"]


def test_a_name_in_nfd_gives_a_key_in_nfc(tmp_path: Path) -> None:
    """A run finds its file in the same way."""
    put(tmp_path, f"{NFD}.csv")
    found = scan(tmp_path)
    assert (list(found.files), found.doubles) == ([NFC], [])


@pytest.mark.skipif(sys.platform == "darwin", reason="its disks hold both names for one")
def test_of_two_files_of_one_key_the_name_in_nfc_counts(tmp_path: Path) -> None:
    """The other one is reported as a double."""
    put(tmp_path, f"{NFC}.csv", "nfc")
    put(tmp_path, f"{NFD}.csv", "longer")
    found = scan(tmp_path)
    assert {key: file.size for key, file in found.files.items()} == {NFC: 3}
    assert [(file.key, file.size) for file in found.doubles] == [(NFC, 6)]


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name can hold any bytes")
def test_a_name_that_is_not_utf8_is_not_taken(tmp_path: Path) -> None:
    """It counts as a data file, since its name ends in .csv."""
    put(tmp_path, "caf\udce9.csv")
    found = scan(tmp_path)
    assert (found.files, found.not_utf8, found.count_files()) == ({}, ["caf\udce9.csv"], 1)


def test_a_digest_stands_for_name_size_and_times(tmp_path: Path) -> None:
    """It has eleven characters, and changes exactly when anything about the file changes."""
    acme = put(tmp_path, "acme.csv")
    put(tmp_path, "x" * 200 + ".csv")
    before = find_digests(tmp_path)
    assert before == find_digests(tmp_path)
    assert [len(digest) for digest in before.values()] == [11, 11]
    seen = {before["acme"]}
    put(tmp_path, "acme.csv", "xy")
    seen.add(find_digests(tmp_path)["acme"])
    os.utime(acme, ns=(5, 5))
    seen.add(find_digests(tmp_path)["acme"])
    os.utime(acme, ns=(5, 6))
    seen.add(find_digests(tmp_path)["acme"])
    acme.rename(tmp_path / "zenith.csv")
    os.utime(tmp_path / "zenith.csv", ns=(5, 6))
    seen.add(find_digests(tmp_path)["zenith"])
    (tmp_path / "copy").write_text("xy")
    os.utime(tmp_path / "copy", ns=(5, 6))
    (tmp_path / "copy").replace(tmp_path / "zenith.csv")
    seen.add(find_digests(tmp_path)["zenith"])
    assert len(seen) == 6


def test_a_folder_that_is_missing_is_not_an_empty_one(tmp_path: Path) -> None:
    """A file, or a path with a NUL, is not an empty folder either."""
    assert scan(tmp_path).files == {}
    with pytest.raises(FileNotFoundError):
        scan(tmp_path / "missing")
    with pytest.raises(NotADirectoryError):
        scan(put(tmp_path, "acme.csv"))
    with pytest.raises(ValueError, match="null byte"):
        scan(Path("nul\0"))
