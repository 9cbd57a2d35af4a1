"""A lake has one whole Parquet file for each key, whatever several processes do to it at the same time."""

import dataclasses
import logging
import os
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from lesson_lib.classroom.lab.three_records import three_records
from lesson_lib.pipeline import (
    ChangedFile,
    InvalidKey,
    ParquetLake,
    UnreadableFile,
    WarehouseUnavailable,
    backfill,
    missing_keys,
    retire_key,
    s3_partitions_def,
    three_records_agree,
)
from lesson_lib.pipeline.audit import State
from lesson_lib.pipeline.parquet_files import decode_name, encode_key, is_key_name
from lesson_lib.pipeline.parquet_lake import ABANDONED_AFTER_SECONDS, TEMPORARY_FOLDER
from lesson_lib.pipeline.source_files import inspect_file
from lesson_lib.pipeline.warehouse import COLUMN_TYPES, CUSTOMER_TABLE, DAILY_TABLE
from lesson_lib.pipeline.whole_files import WholeFiles
from tests.pipeline.test_jobs import retire, run
from tests.pipeline.workspace import HEADER, IMPORT, LOAD, Row, Workspace, open_workspace, priced

HOSTILE_KEYS = [
    "acme",
    "ACME",
    "Acme",
    "a%63me",
    "o'hare",
    'say "hi"',
    "x' OR 1=1 --",
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    "cafe\N{COMBINING ACUTE ACCENT}",
    "stra\N{LATIN SMALL LETTER SHARP S}e",
    "strasse",
    "\N{HIRAGANA LETTER A}",
    "../../escape",
    "v1.2.parquet",
    "{uuid}",
    "$key",
    "con",
    "key=value",
    "%sha256-00",
    "-",
    " ",
    "",
    "\ud800",
    "x" * 200,
    "x" * 201,
    "\N{HIRAGANA LETTER A}" * 83,
    "\N{HIRAGANA LETTER I}" * 83,
]
BOTH = ("MATERIALIZED", "MATERIALIZED")
FAILED = ("MATERIALIZED", "FAILED")

# The program of a second process, which backfills a lake and does something first.
LOAD_ALL = """
import os, sys
from pathlib import Path
import dagster as dg
from lesson_lib.pipeline import ParquetLake, SourceFolder, backfill, register_keys

def wait(*_):
    print("here", flush=True)
    sys.stdin.read()

folder = Path(sys.argv[1])
resources = dict(source=SourceFolder(path=folder / "source"), database=ParquetLake(path=folder / "lake"))
quiet = {{"python_logs": {{"python_log_level": "CRITICAL"}}}}
{program}
"""
LOAD_OF_ITS_OWN = """
with dg.DagsterInstance.ephemeral(settings=quiet) as instance:
    register_keys(instance, sorted(path.stem for path in folder.glob("source/*.csv")))
    print("here", flush=True)
    sys.stdin.readline()
    print(len(backfill(instance, progress=lambda *_: None, **resources).loaded))
"""
KILLED_BEFORE_A_RENAME = """
rename = os.replace
def wait_before_k2(source, target):
    if Path(target).name == "k2.parquet":
        wait()
    rename(source, target)
os.replace = wait_before_k2
with dg.DagsterInstance.local_temp(str(folder / "home"), overrides=quiet) as instance:
    backfill(instance, progress=lambda *_: None, **resources)
"""
RELOADS = """
from lesson_lib.pipeline.source_files import inspect_file
files = [inspect_file("acme", folder / "source" / f"{name}.csv") for name in ("acme", "acme2")]
print("here", flush=True)
while not (folder / "stop").exists():
    for file in files:
        resources["database"].replace("raw_partition_data", [file])
"""


@dataclasses.dataclass(frozen=True)
class LakeWorkspace(Workspace):
    """A workspace whose rows are in a lake; `database` is its folder."""

    @property
    def lake(self) -> ParquetLake:
        """Return the resource."""
        return ParquetLake(path=self.database)

    @property
    def table(self) -> Path:
        """Return the folder of the customers' files."""
        return self.database / CUSTOMER_TABLE

    def place(self, key: str) -> Path:
        """Return the path of a key's Parquet file."""
        return self.table / encode_key(key)

    def resources(self) -> dict[str, object]:
        """Return the resources of a run."""
        return super().resources() | {"database": self.lake}

    def query(self, sql: str) -> list[Row]:
        """Query the views."""
        with self.lake.get_connection() as con:
            return con.execute(sql).fetchall()

    def rows(self) -> dict[tuple[str, str], list[Row]]:
        """Return all rows, sorted, by table and key."""
        rows: dict[tuple[str, str], list[Row]] = {}
        for table in (CUSTOMER_TABLE, DAILY_TABLE):
            for *row, key in self.query(f"SELECT {HEADER}, partition_key FROM {table} ORDER BY ALL"):
                rows.setdefault((table, str(key)), []).append(tuple(row))
        return rows

    def add_keys(self, count: int) -> dict[str, list[float]]:
        """Register k0, k1 and so on, each with two prices, and return the prices."""
        prices = {f"k{number}": [number + 1.25, number + 1.5] for number in range(count)}
        for key, values in prices.items():
            self.add(key, *values)
        return prices

    def backfill(self) -> list[str]:
        """Load what is missing, and return the keys that were loaded."""
        resources = self.resources()
        return list(backfill(self.instance, progress=lambda *_: None, **resources).loaded)  # type: ignore[arg-type]

    def get_status(self, key: str) -> tuple[str | None, ...]:
        """Return Dagster's status of a key: of its import, and of its rows."""
        states = (
            self.instance.get_status_by_partition(asset.key, [key], s3_partitions_def) or {}
            for asset in (IMPORT, LOAD)
        )
        return tuple(state[key].value if state[key] else None for state in states)

    def audit(self) -> dg.AssetCheckEvaluation:
        """Run the check that the three records agree."""
        result = dg.materialize(
            [LOAD, three_records_agree],
            selection=dg.AssetSelection.checks(three_records_agree),
            instance=self.instance,
            resources=self.resources(),
        )
        (evaluation,) = result.get_asset_check_evaluations()
        return evaluation


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[LakeWorkspace]:
    """Open a workspace without files, keys and lake."""
    with open_workspace(tmp_path) as workspace:
        yield LakeWorkspace(workspace.source, tmp_path / "lake", workspace.instance)


@pytest.fixture
def stored(empty: LakeWorkspace) -> LakeWorkspace:
    """Open a workspace in which acme is loaded with two rows and globex with one."""
    empty.add("acme", 1.5, 2.5)
    empty.add("globex", 9.75)
    empty.load_range("acme", "globex")
    return empty


@contextmanager
def start(workspace: LakeWorkspace, program: str) -> Iterator[subprocess.Popen[str]]:
    """Run a second process until it reports that it is here."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", LOAD_ALL.format(program=program), str(workspace.database.parent)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], **pipes) as process:  # type: ignore[call-overload]
        try:
            assert process.stdout.readline() == "here\n"
            yield process
        finally:
            process.kill()


def list_temporary(workspace: LakeWorkspace) -> list[str]:
    """Return the names of the temporary files, without their random ends."""
    return [path.stem for path in (workspace.table / TEMPORARY_FOLDER).iterdir()]


def test_no_two_keys_share_a_file() -> None:
    """Their names differ on a disk that ignores case and normalization, and are short and harmless."""
    names = [encode_key(key) for key in HOSTILE_KEYS]
    folded = {unicodedata.normalize("NFKC", name).casefold() for name in names}
    assert len(folded) == len(HOSTILE_KEYS)
    assert all(is_key_name(name) and len(name) <= 208 for name in names)
    assert names[:3] == ["acme.parquet", "%41%43%4d%45.parquet", "%41cme.parquet"]
    assert encode_key("con") == "%63on.parquet"  # a name of a device on Windows
    assert not is_key_name("ACME.parquet")
    assert not is_key_name("acme")


def test_the_key_is_read_from_the_name_or_from_the_rows() -> None:
    """A name that `encode_key` does not return, or that is a hash, has no key of its own."""
    for key in HOSTILE_KEYS:
        name = encode_key(key)
        assert decode_name(name) == (None if name.startswith("%sha256-") else key)
    assert decode_name("%61cme.parquet") is None
    assert decode_name("%ff.parquet") is None


def test_keys_of_any_alphabet_are_loaded_and_retired(empty: LakeWorkspace) -> None:
    """Each has its own rows, its record and its file."""
    keys = ["o'hare", 'say "hi"', "Größe X.2", "\N{HIRAGANA LETTER A}" * 83, "x' OR 1=1 --", "{uuid}", "$key"]
    for number, key in enumerate(keys):
        empty.add(key, number + 1)
    assert empty.backfill() == keys
    assert empty.prices() == {key: [number + 1] for number, key in enumerate(keys)}
    assert len(list(empty.table.glob("*.parquet"))) == len(keys)
    assert missing_keys(empty.instance, empty.lake) == []
    for key in keys:
        assert retire_key(empty.instance, key, empty.lake) == 1
    assert empty.rows() == {}
    assert list(empty.table.glob("*.parquet")) == []


def test_a_lake_holds_what_a_warehouse_holds(stored: LakeWorkspace, original: Workspace) -> None:
    """Rows, records of the load and the types of the columns are the same."""
    assert stored.rows() == original.rows()
    for key in ("acme", "globex"):
        assert stored.metadata(LOAD, key) == original.metadata(LOAD, key)
    for table in (CUSTOMER_TABLE, DAILY_TABLE):
        described = stored.query(f"DESCRIBE {table}")
        assert {name: type_ for name, type_, *_ in described} == COLUMN_TYPES


def test_views_are_empty_before_the_first_load(empty: LakeWorkspace) -> None:
    """Reading creates nothing."""
    assert empty.rows() == {}
    assert empty.lake.count_rows(CUSTOMER_TABLE) == {}
    assert empty.lake.find_faults(CUSTOMER_TABLE) == []
    assert missing_keys(empty.instance, empty.lake) == []
    assert not empty.database.exists()


def test_loading_twice_stores_rows_once(stored: LakeWorkspace) -> None:
    """The second load replaces the rows of the first, and nothing temporary is left."""
    stored.load("acme")
    stored.write("acme", priced(5.5, 6.5, 7.5))
    stored.load("acme")
    assert stored.prices() == {"acme": [5.5, 6.5, 7.5], "globex": [9.75]}
    assert stored.metadata(LOAD, "acme")["rows replaced"] == 2
    assert list_temporary(stored) == []


def test_days_go_to_a_folder_of_their_own(stored: LakeWorkspace) -> None:
    """The customers' rows stay."""
    stored.write("2018-01-22", priced(3.5))
    stored.load_day("2018-01-22")
    assert [key for _, key in stored.rows()] == ["acme", "globex", "2018-01-22"]
    assert [path.name for path in (stored.database / DAILY_TABLE).glob("*.parquet")] == ["2018-01-22.parquet"]


def test_two_processes_load_the_same_keys_at_once(empty: LakeWorkspace) -> None:
    """Both load all of 50 keys without an error, and each key has its rows once."""
    prices = empty.add_keys(50)
    with start(empty, LOAD_OF_ITS_OWN) as one, start(empty, LOAD_OF_ITS_OWN) as other:
        for process in (one, other):
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.communicate(timeout=100)[0] for process in (one, other)] == ["50\n", "50\n"]
    assert empty.prices() == prices
    assert empty.lake.find_faults(CUSTOMER_TABLE) == []
    assert list_temporary(empty) == []


def test_after_kill_9_before_a_rename_the_next_backfill_goes_on(empty: LakeWorkspace, tmp_path: Path) -> None:
    """Earlier rows are whole, no row is lost or doubled, and the temporary file is removed when it is old."""
    home = tmp_path / "home"
    home.mkdir()
    quiet = {"python_logs": {"python_log_level": "CRITICAL"}}
    with dg.DagsterInstance.local_temp(str(home), overrides=quiet) as instance:
        persistent = dataclasses.replace(empty, instance=instance)
        prices = persistent.add_keys(4)
        persistent.backfill()
        persistent.add("k2", 7.5)
        persistent.add("k3", 8.5)
        with start(persistent, KILLED_BEFORE_A_RENAME) as process:
            process.kill()
        assert persistent.prices() == prices
        assert list_temporary(persistent) == ["k2.parquet"]
        assert missing_keys(instance, persistent.lake) == ["k2"]  # imported since its rows were stored
        assert persistent.backfill() == ["k2", "k3"]
        assert persistent.prices() == prices | {"k2": [7.5], "k3": [8.5]}
        (left,) = (persistent.table / TEMPORARY_FOLDER).iterdir()
        assert persistent.lake.find_faults(CUSTOMER_TABLE) == []  # another process may still be at work on it
        long_ago = left.stat().st_mtime - ABANDONED_AFTER_SECONDS - 1
        os.utime(left, (long_ago, long_ago))
        assert persistent.lake.find_faults(CUSTOMER_TABLE) == [
            f"{left} is left by a load that was killed, and is not read. The next load removes it."
        ]
        persistent.load("k2")
        assert list_temporary(persistent) == []


@pytest.mark.parametrize("reopened", [1, 2])
def test_a_file_that_is_replaced_while_duckdb_reads_it_is_read_as_a_whole(
    stored: LakeWorkspace, monkeypatch: pytest.MonkeyPatch, reopened: int
) -> None:
    """The query sees the earlier rows or the new ones, although DuckDB opens the file several times."""
    stored.write("globex", priced(*(price + 0.5 for price in range(1, 3_000))))
    stored.load("globex", assets=[IMPORT])
    opened: list[str] = []

    def replace_and_open(files: WholeFiles, path: str, *rest: object) -> object:
        if path == "lake://raw_partition_data/globex.parquet":
            opened.append(path)
            if len(opened) == reopened:
                stored.load("globex", assets=[LOAD])
        return open_whole(files, path, *rest)

    open_whole = WholeFiles.open
    with stored.lake.get_connection() as con:
        monkeypatch.setattr(WholeFiles, "open", replace_and_open)
        query = f"SELECT count(*), max(share_price) FROM {CUSTOMER_TABLE} WHERE partition_key = 'globex'"
        assert con.execute(query).fetchall() == [(2_999, 2_999.5) if reopened == 1 else (1, 9.75)]
        assert len(opened) >= 2
        assert con.execute(query).fetchall() == [(2_999, 2_999.5)]


def test_a_reader_never_sees_a_part_of_a_reload(empty: LakeWorkspace, tmp_path: Path) -> None:
    """While another process reloads a key again and again, each query sees one of the two contents."""
    empty.write("acme", priced(*[1.5] * 30))
    empty.write("acme2", priced(*(price + 0.5 for price in range(1, 3_000))))
    empty.lake.replace(CUSTOMER_TABLE, [inspect_file("acme", empty.source / "acme.csv")])
    seen: list[Row] = []
    query = f"SELECT count(*), min(share_price), max(share_price) FROM {CUSTOMER_TABLE}"
    with start(empty, RELOADS) as process, empty.lake.get_connection() as con:
        while process.poll() is None and (len(seen) < 100 or len(set(seen)) < 2):
            seen += con.execute(query).fetchall()
        (tmp_path / "stop").touch()
        assert process.wait(timeout=60) == 0
    assert set(seen) == {(30, 1.5, 1.5), (2_999, 1.5, 2_999.5)}


def test_a_key_that_is_retired_while_a_connection_is_open_has_no_rows(stored: LakeWorkspace) -> None:
    """A query does not fail because of it."""
    with stored.lake.get_connection() as con:
        retire_key(stored.instance, "acme", stored.lake)
        assert con.execute(f"SELECT partition_key FROM {CUSTOMER_TABLE}").fetchall() == [("globex",)]


def test_retiring_removes_the_file(stored: LakeWorkspace) -> None:
    """Another retirement is refused, and the key can be loaded again."""
    assert retire_key(stored.instance, "acme", stored.lake) == 2
    assert not stored.place("acme").exists()
    assert stored.prices() == {"globex": [9.75]}
    with stored.raises(InvalidKey, "'acme' is not registered in 's3' and has no rows."):
        retire_key(stored.instance, "acme", stored.lake)
    stored.add("acme", 5.5)
    stored.load("acme")
    assert stored.prices() == {"acme": [5.5], "globex": [9.75]}


def test_the_jobs_of_the_definitions_load_and_retire(empty: LakeWorkspace) -> None:
    """They take a lake as their resource `database`."""
    empty.add("acme", 1.5)
    empty.add("globex", 9.75)
    run(empty, "import_dynamic_partition_job", "acme")
    run(empty, "import_dynamic_partition_job", "globex")
    assert empty.prices() == {"acme": [1.5], "globex": [9.75]}
    (empty.source / "acme.csv").unlink()
    assert retire(empty, "acme").success
    assert empty.keys() == ["globex"]
    assert empty.prices() == {"globex": [9.75]}


def test_the_path_may_come_from_an_environment_variable(
    stored: LakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs, backfills and the three records read it when they need it."""
    monkeypatch.setenv("LESSON_LAKE", str(stored.database))
    lake = ParquetLake(path=dg.EnvVar("LESSON_LAKE"))
    stored.write("acme", priced(5.5))
    stored.load("acme", resources=stored.resources() | {"database": lake})
    assert stored.prices() == {"acme": [5.5], "globex": [9.75]}
    assert {records.rows for records in three_records(stored.instance, LOAD, lake).keys} == {1}


def test_a_broken_file_of_a_range_fails_alone(empty: LakeWorkspace) -> None:
    """The other keys are stored and recorded; the key's earlier rows stay."""
    prices = empty.add_keys(5)
    empty.load_range("k0", "k4")
    empty.write("k2", priced(3.5, "nonsense"))
    empty.write("k3", priced(4.5))
    with pytest.raises(
        UnreadableFile, match=r"refused 1 of its 5 keys.* k2.csv: line 3: share_price is 'non"
    ):
        empty.load_range("k0", "k4")
    assert empty.prices() == prices | {"k3": [4.5]}
    assert {key: empty.get_status(key) for key in prices} == {
        **dict.fromkeys(prices, BOTH),
        "k2": FAILED,
    }
    assert missing_keys(empty.instance, empty.lake) == ["k2"]


def test_a_file_that_changed_after_its_import_is_refused(stored: LakeWorkspace) -> None:
    """The earlier rows stay, and so they do if a value is broken."""
    stored.write("acme", priced(5.5))
    with stored.raises(ChangedFile, "acme.csv changed after it was imported"):
        stored.load("acme", assets=[LOAD])
    stored.write("acme", priced("1_000"))
    with stored.raises(UnreadableFile, "acme.csv: line 2: share_price is '1_000'"):
        stored.load("acme")
    assert list_temporary(stored) == []


def test_a_backfill_loads_what_is_missing_or_corrected(stored: LakeWorkspace) -> None:
    """It finds a file that was removed, and one that was replaced by that of a backup."""
    backup = stored.place("globex").read_bytes()
    stored.write("globex", priced(8.5))
    assert stored.backfill() == ["globex"]
    stored.place("globex").write_bytes(backup)
    stored.place("acme").unlink()
    assert missing_keys(stored.instance, stored.lake) == ["acme"]
    assert stored.backfill() == ["acme", "globex"]
    assert stored.backfill() == []
    assert stored.prices() == {"acme": [1.5, 2.5], "globex": [8.5]}


def test_the_audit_compares_the_records(stored: LakeWorkspace) -> None:
    """It names keys without rows, and rows without a key."""
    assert stored.audit().description == "2 of 2 keys are loaded, and all records agree."
    stored.place("acme").unlink()
    stored.instance.delete_dynamic_partition("s3", "globex")
    found = stored.audit()
    assert not found.passed
    assert found.description == (
        "materialized, but without rows: 'acme'. Materialize them again. "
        "rows of keys that are not registered: 'globex'. Retire these keys."
    )


def test_the_three_records_show_a_lake(stored: LakeWorkspace) -> None:
    """A lake that does not exist yet has no rows, and is not created."""
    stored.place("acme").unlink()
    records = three_records(stored.instance, [IMPORT, LOAD], stored.lake)
    assert {record.key: (record.rows, record.state) for record in records.keys} == {
        "acme": (0, State.ROWS_MISSING),
        "globex": (1, State.AGREE),
    }
    elsewhere = ParquetLake(path=stored.database / "nowhere")
    assert not three_records(stored.instance, LOAD, elsewhere).has_database
    assert not (stored.database / "nowhere").exists()


def put_text(path: Path) -> None:
    """Put a file of another kind in the place of a key's."""
    path.write_text("date,share_price\n2018/01/22,1.5\n" * 10, encoding="utf-8")


def cut(path: Path) -> None:
    """Cut the file of a key off."""
    os.truncate(path, path.stat().st_size // 2)


def copy_globex(path: Path) -> None:
    """Copy another key's file over that of a key."""
    path.write_bytes((path.parent / "globex.parquet").read_bytes())


def write_columns(path: Path) -> None:
    """Put a Parquet file with other columns in the place of a key's."""
    duckdb.execute(f"COPY (SELECT 'acme' AS partition_key, 1 AS price) TO '{path}' (FORMAT parquet)")


def write_nothing(path: Path) -> None:
    """Put a Parquet file without rows in the place of a key's."""
    duckdb.execute(f"COPY (FROM '{path}' LIMIT 0) TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (put_text, "No magic bytes found at end of file"),
        (cut, "No magic bytes found at end of file"),
        (copy_globex, "its rows are those of 'globex'"),
        (write_columns, "its columns are (partition_key VARCHAR, price INTEGER)"),
        (write_nothing, "it has no rows"),
    ],
)
def test_a_broken_file_is_named_and_left_out(
    stored: LakeWorkspace, caplog: pytest.LogCaptureFixture, damage: object, reason: str
) -> None:
    """The other keys are readable; the key counts as missing, and its next load replaces the file."""
    damage(stored.place("acme"))  # type: ignore[operator] # one of the functions above
    fault = f"{stored.place('acme')} is left out: "
    assert stored.prices() == {"globex": [9.75]}
    assert fault in caplog.text
    assert reason in caplog.text
    (found,) = stored.lake.find_faults(CUSTOMER_TABLE)
    assert found.startswith(fault)
    assert reason in found
    assert found.endswith("Move it away, or materialize 'acme' again, which replaces it.")
    audited = stored.audit()
    assert "without rows: 'acme'" in str(audited.description)
    assert found in str(audited.description)
    assert missing_keys(stored.instance, stored.lake) == ["acme"]
    assert stored.backfill() == ["acme"]
    assert stored.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}
    assert stored.lake.find_faults(CUSTOMER_TABLE) == []


def test_damaged_rows_are_found_by_a_backfill(stored: LakeWorkspace) -> None:
    """The footer is sound, so the key still counts as stored."""
    with stored.place("acme").open("r+b") as file:
        file.seek(4)
        file.write(b"\xff" * 40)
    with stored.lake.get_connection() as con, pytest.raises(duckdb.Error, match="don't know what type"):
        con.execute(f"SELECT sum(amount), min(date) FROM {CUSTOMER_TABLE}").fetchall()
    assert missing_keys(stored.instance, stored.lake) == []
    assert stored.backfill() == ["acme"]
    assert stored.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}


def test_strays_are_named_and_left_out(stored: LakeWorkspace, caplog: pytest.LogCaptureFixture) -> None:
    """Hidden files are ignored, as in a source folder."""
    strays = ["acme copy.parquet", "notes.txt"]
    (stored.table / "acme copy.parquet").write_bytes(stored.place("acme").read_bytes())
    (stored.table / "notes.txt").touch()
    (stored.table / ".DS_Store").touch()
    assert stored.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}
    expected = [
        f"{stored.table / name} is not the file of a key, and is left out. Move it away." for name in strays
    ]
    assert stored.lake.find_faults(CUSTOMER_TABLE) == expected
    assert all(fault in caplog.text for fault in expected)
    audited = stored.audit()
    assert not audited.passed
    assert audited.severity is dg.AssetCheckSeverity.WARN
    assert audited.description == " ".join(expected)


def test_many_faults_are_counted_in_the_log(stored: LakeWorkspace, caplog: pytest.LogCaptureFixture) -> None:
    """A message has five of them."""
    for number in range(8):
        (stored.table / f"{number}.txt").touch()
    with caplog.at_level(logging.WARNING):
        stored.lake.count_rows(CUSTOMER_TABLE)
    assert "4.txt is not the file of a key, and is left out. Move it away. And 3 more." in caplog.text
    assert "5.txt" not in caplog.text


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "The folder '' of the lake is blank. Give the path of a folder on this machine."),
        (" ", "The folder ' ' of the lake is blank."),
        ("s3://bucket/lake", "The folder 's3://bucket/lake' of the lake is an address"),
        ("a\0b", "contains a NUL"),
        ("~nobody-of-this-name/lake", "There is no such user. Write out the path instead of using '~'."),
    ],
)
def test_a_path_that_is_no_folder_of_this_machine_is_refused(
    stored: LakeWorkspace, path: str, message: str
) -> None:
    """Loads, reads and retirements say so, and change nothing."""
    lake = ParquetLake(path=path)
    with stored.raises(WarehouseUnavailable, message):
        stored.load("acme", resources=stored.resources() | {"database": lake})
    with stored.raises(WarehouseUnavailable, message):
        missing_keys(stored.instance, lake)
    with stored.raises(WarehouseUnavailable, message):
        retire_key(stored.instance, "acme", lake)
    with stored.raises(WarehouseUnavailable, message), lake.get_connection():
        pass


def test_a_missing_folder_is_created(empty: LakeWorkspace) -> None:
    """A file in its place is not replaced."""
    deeper = dataclasses.replace(empty, database=empty.database / "deeper" / "still")
    deeper.add("acme", 1.5)
    deeper.load("acme")
    assert deeper.prices() == {"acme": [1.5]}
    in_the_way = dataclasses.replace(empty, database=empty.source / "acme.csv")
    with pytest.raises(
        WarehouseUnavailable, match=r"A part of its path is a file, not a folder\. Correct the"
    ):
        in_the_way.load("acme")
    with pytest.raises(
        WarehouseUnavailable, match=r"acme.csv.* cannot be read: .*A part of its path is a fil"
    ):
        in_the_way.lake.count_rows(CUSTOMER_TABLE)


def test_a_folder_in_the_place_of_a_file_is_named(stored: LakeWorkspace) -> None:
    """It is left out, and a load fails without touching it."""
    place = stored.place("acme")
    place.unlink()
    place.mkdir()
    assert stored.lake.find_faults(CUSTOMER_TABLE)[0].startswith(
        f"{place} is left out: Is a directory. Move it"
    )
    with stored.raises(
        WarehouseUnavailable, "'acme' cannot be stored", "A folder is in the place of a file."
    ):
        stored.load("acme")
    assert list_temporary(stored) == []


@pytest.mark.usefixtures("an_ordinary_user")
def test_missing_permissions_are_named() -> None:
    """A file that may not be read is left out; a folder that may not be read or written to is an error."""
    hint = "Let this user read and write the folder and its files, or give another path."
    with tempfile.TemporaryDirectory() as folder:  # not `tmp_path`, whose parents are the superuser's
        source, lake = Path(folder, "acme.csv"), ParquetLake(path=Path(folder, "lake"))
        source.write_text(priced(1.5))
        table = Path(folder, "lake", CUSTOMER_TABLE)
        lake.replace(CUSTOMER_TABLE, [inspect_file(key, source) for key in ("acme", "globex")])
        (table / "acme.parquet").chmod(0)
        assert lake.count_rows(CUSTOMER_TABLE) == {"globex": 1}
        (fault,) = lake.find_faults(CUSTOMER_TABLE)
        assert fault.startswith(f"{table / 'acme.parquet'} is left out: Permission denied. Move it away")
        table.chmod(0o500)
        with pytest.raises(WarehouseUnavailable, match=f"The rows of 'globex' cannot be stored in .*{hint}"):
            lake.replace(CUSTOMER_TABLE, [inspect_file("globex", source)])
        with pytest.raises(WarehouseUnavailable, match=f"cannot be written to: .*{hint}"):
            lake.delete(CUSTOMER_TABLE, ["globex"])
        assert lake.count_rows(CUSTOMER_TABLE) == {"globex": 1}
        table.chmod(0)
        with pytest.raises(WarehouseUnavailable, match=f"cannot be read: .*{hint}"):
            lake.count_rows(CUSTOMER_TABLE)
        table.chmod(0o700)


@contextmanager
def limit_files(size: int) -> Iterator[None]:
    """Let this process write no file beyond this size."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_is_too_large_leaves_the_earlier_one(stored: LakeWorkspace) -> None:
    """Keys before it are replaced; nothing temporary is left."""
    stored.write("acme", priced(5.5))
    stored.write("globex", priced(*(price + 0.5 for price in range(1, 3_000))))
    stored.load_range("acme", "globex")
    with (
        stored.raises(
            WarehouseUnavailable, "The rows of 'globex' cannot be stored", "has reached the size that"
        ),
        limit_files(5_000),
    ):
        stored.load("globex")
    assert list_temporary(stored) == []


def test_a_full_disk_leaves_the_earlier_file(stored: LakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may notice it only when the file is forced to the disk."""

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    stored.write("acme", priced(5.5))
    monkeypatch.setattr(os, "fsync", fail)
    with stored.raises(
        WarehouseUnavailable,
        f"The rows of 'acme' cannot be stored in {stored.place('acme')}, and its earlier rows are untouched",
        "The disk, or your share of it, is full. Free some room, and try again.",
    ):
        stored.load("acme")
    assert list_temporary(stored) == []
    monkeypatch.undo()
    stored.load("acme")
    assert stored.prices() == {"acme": [5.5], "globex": [9.75]}
