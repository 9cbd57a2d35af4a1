"""The course's data agrees with its script and its README, and is broken only where it should be."""

import csv
import gzip
import re
import shutil
import subprocess
import sys
import unicodedata
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "data"
SOURCE, ARRIVALS, BROKEN = DATA / "source", DATA / "arrivals", DATA / "arrivals" / "broken"
HEADER = ["date", "share_price", "amount", "spend", "shift", "spread"]
VALID_FILES = [*sorted(SOURCE.iterdir()), ARRIVALS / "quickstart.csv", ARRIVALS / "acme.csv"]
FAULTS = {
    "acme.csv": ("n/a", "2269323"),
    "bad-date.csv": ("13.09.2017", "2017/09/13"),
    "bad-number.csv": ("n/a", "3171"),
    "negative-price.csv": ("-40.47", "40.47"),
    "ragged-row.csv": ("-0.73\n", "-0.73,0.04\n"),
    "renamed-column.csv": ("date,price,", "date,share_price,"),
    "thousands-separator.csv": ('"3,171"', "3171"),
}


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of a valid file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run_script(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script, or a copy of it, with these arguments."""
    return subprocess.run(
        [sys.executable, "-X", "utf8", script, *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def data_copy(tmp_path: Path) -> Path:
    """Return a copy of the data folder, which a test may change."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def test_the_committed_files_are_what_the_script_makes() -> None:
    """`--check` finds no difference in the checkout."""
    process = run_script(DATA / "make_data.py", "--check")
    assert (process.returncode, process.stdout, process.stderr) == (
        0,
        "All 28 files are what this script makes.\n",
        "",
    )


def test_check_names_each_file_that_differs(data_copy: Path) -> None:
    """It names a missing, a changed and an unknown file, and writes nothing."""
    (data_copy / "source" / "zenith.csv").unlink()
    (data_copy / "source" / "acme.csv").write_bytes(b"date\n")
    (data_copy / "arrivals" / "stray.csv").write_bytes(b"")
    process = run_script(data_copy / "make_data.py", "--check")
    assert process.returncode == 1
    assert process.stdout.splitlines() == [
        "arrivals/stray.csv: not made by this script",
        "source/acme.csv: other content",
        "source/zenith.csv: missing",
        "Run `python data/make_data.py`, and remove files that it does not make.",
    ]
    assert not (data_copy / "source" / "zenith.csv").exists()


def test_the_script_writes_the_same_bytes_into_an_empty_folder(data_copy: Path) -> None:
    """It needs no file of an earlier call."""
    shutil.rmtree(data_copy / "source")
    shutil.rmtree(data_copy / "arrivals")
    assert run_script(data_copy / "make_data.py").stdout == "Wrote 28 files.\n"
    made = {path.relative_to(data_copy): path.read_bytes() for path in data_copy.rglob("*.csv")}
    assert made == {path.relative_to(DATA): path.read_bytes() for path in DATA.rglob("*.csv")}


def test_the_readme_counts_the_rows_of_every_file() -> None:
    """Each file has a line with the right number in the README's tables."""
    text = (DATA / "README.md").read_text(encoding="utf-8")
    documented = {
        name: int(count) for name, count in re.findall(r"^\| `(\S+\.csv)` \| (\d+) \|", text, re.MULTILINE)
    }
    counted = {}
    for path in DATA.rglob("*.csv"):
        content = path.read_bytes()
        lines = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).splitlines()
        name = unicodedata.normalize("NFC", path.relative_to(DATA).as_posix())
        counted[name] = len(lines[1:])
    assert documented == counted


def test_customers_differ_in_their_counts() -> None:
    """Acme has 8 rows, its correction has 7, and no two customers have the same number."""
    counts = {
        path.stem: len(read_rows(path)) for path in SOURCE.iterdir() if not path.stem.startswith("2018")
    }
    assert len(counts) == 6
    assert counts["acme"] == 8
    assert len(read_rows(ARRIVALS / "acme.csv")) == 7
    assert len(set(counts.values())) == 6


@pytest.mark.parametrize("path", VALID_FILES, ids=lambda path: path.relative_to(DATA).as_posix())
def test_a_valid_file_agrees_with_the_readme(path: Path) -> None:
    """It is plain UTF-8 with LF, and the values of each row have the meaning of their columns."""
    assert b"\r" not in path.read_bytes()
    assert path.read_bytes().endswith(b"\n")
    trades = read_rows(path)
    assert list(trades[0]) == HEADER
    assert [trade["date"] for trade in trades] == sorted({trade["date"] for trade in trades})
    before = None
    for trade in trades:
        price = Decimal(trade["share_price"])
        assert re.fullmatch(r"\d{4}/\d\d/\d\d", trade["date"])
        assert price > 0
        assert trade["amount"].isdecimal()
        assert Decimal(trade["spend"]) == price * int(trade["amount"])
        assert Decimal(trade["spread"]) > 0
        assert before is None or Decimal(trade["shift"]) == price - before
        before = price


def test_the_files_of_the_exchange_are_continuous() -> None:
    """The five daily files contain 25 trading days, and each shift follows from the row before."""
    trades = [trade for path in sorted(SOURCE.glob("2018-*.csv")) for trade in read_rows(path)]
    prices = [Decimal(trade["share_price"]) for trade in trades]
    moved = [after - before for before, after in pairwise(prices)]
    assert [Decimal(trade["shift"]) for trade in trades] == [Decimal(0), *moved]
    assert len({trade["date"] for trade in trades}) == 25


def test_no_date_is_a_key() -> None:
    """The lesson shows that `delete ... where date = '<key>'` deletes nothing for any key."""
    keys = {path.stem.replace("-", "/") for path in SOURCE.iterdir()}
    dates = {trade["date"] for path in VALID_FILES for trade in read_rows(path)}
    assert {"2018/01/22", "2018/01/26"} <= keys
    assert dates
    assert not keys & dates


def test_acme_has_one_spend_that_a_float_cannot_represent() -> None:
    """Notebook 02 shows this number, and it occurs once."""
    assert [trade["spend"] for trade in read_rows(SOURCE / "acme.csv")].count("33597290.00") == 1


def test_the_correction_changes_one_price_and_drops_the_last_trade() -> None:
    """All other differences follow from that price."""
    first, corrected = read_rows(SOURCE / "acme.csv"), read_rows(ARRIVALS / "acme.csv")
    changed = {
        (line, column): (old[column], new[column])
        for line, (old, new) in enumerate(zip(first, corrected, strict=False), start=2)
        for column in HEADER
        if old[column] != new[column]
    }
    assert changed.pop((6, "share_price")) == ("11.07", "10.07")
    assert changed.keys() == {(6, "spend"), (6, "shift"), (7, "shift")}


def test_unusual_names_exist_in_composed_form() -> None:
    """They have an apostrophe, a dot, and non-ASCII letters in NFC, on disk and in git."""
    names = {path.name for path in SOURCE.iterdir()}
    assert {"o'hare.csv", "globex.eu.csv", "caf\u00e9-lumi\u00e8re.csv"} <= names


def test_swapped_columns_contain_the_same_values() -> None:
    """The rows are those of quickstart if they are read by name, and not if they are read by position."""
    swapped = read_rows(ARRIVALS / "swapped-columns.csv")
    assert list(swapped[0]) == ["date", "spread", "amount", "spend", "shift", "share_price"]
    assert swapped == read_rows(ARRIVALS / "quickstart.csv")


@pytest.mark.parametrize("name", FAULTS)
def test_fixing_the_only_fault_gives_the_valid_file(name: str) -> None:
    """The fault occurs once, and nothing else is wrong."""
    fault, fixed = FAULTS[name]
    broken = (BROKEN / name).read_text(encoding="utf-8")
    assert broken.count(fault) == 1
    original = SOURCE / "acme.csv" if name == "acme.csv" else ARRIVALS / "quickstart.csv"
    assert broken.replace(fault, fixed) == original.read_text(encoding="utf-8")


def test_each_file_that_is_broken_as_a_whole_has_one_fault() -> None:
    """Examples are an empty and a compressed file."""
    valid = (ARRIVALS / "quickstart.csv").read_bytes()
    lines = valid.decode().splitlines()
    assert (BROKEN / "empty.csv").read_bytes() == b""
    assert (BROKEN / "header-only.csv").read_bytes() == valid[: valid.index(b"\n") + 1]
    assert gzip.decompress((BROKEN / "gzipped.csv").read_bytes()) == valid
    assert (BROKEN / "semicolons.csv").read_bytes() == valid.replace(b",", b";")
    assert (BROKEN / "latin-1.csv").read_bytes() == valid.replace(b",40.47,", b",\xa040.47,")
    with pytest.raises(UnicodeDecodeError):
        (BROKEN / "latin-1.csv").read_text(encoding="utf-8")
    extra = (BROKEN / "extra-column.csv").read_text(encoding="utf-8").splitlines()
    assert extra == [f"{line},{'north' if number else 'broker'}" for number, line in enumerate(lines)]
    missing = (BROKEN / "missing-column.csv").read_text(encoding="utf-8").splitlines()
    assert missing == [line.rpartition(",")[0] for line in lines]


def test_every_broken_file_is_tested() -> None:
    """A new broken file needs a line in one of the two tests above."""
    stems = {"empty", "header-only", "gzipped", "semicolons", "latin-1", "extra-column", "missing-column"}
    assert {path.name for path in BROKEN.iterdir()} == FAULTS.keys() | {f"{stem}.csv" for stem in stems}
