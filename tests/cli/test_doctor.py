"""`lesson doctor`: every line is true, and every line about a problem ends with its fix."""

import json
import socket
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import duckdb
import pytest

from lesson_lib.cli import doctor, main
from lesson_lib.cli.checkout import DATABASE
from lesson_lib.cli.doctor import Finding

AGAIN = "Remove the folder .venv and run `make lab`."


def test_a_healthy_machine_gets_ok_on_every_line(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is one line for each check, the exit status is 0, and no file is left.

    Called from notebooks/, the command still looks for the database in the checkout.
    """
    monkeypatch.chdir(checkout / "notebooks")
    before = sorted(checkout.rglob("*"))
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:4] for line in lines] == ["ok  "] * 11
    assert lines[6] == "ok  kernel: `python3` starts, with this Python"
    assert lines[9] == f"ok  {checkout / 'output'} can be written to"
    assert lines[10].endswith(f"makes {checkout / DATABASE}")
    assert sorted(checkout.rglob("*")) == before


def test_one_fault_makes_the_exit_status_1(
    checkout: Path, capsys: pytest.CaptureFixture[str], hold: Callable[[Path, str], int]
) -> None:
    """Beside a held database, the other lines stay ok."""
    database = checkout / DATABASE
    database.parent.mkdir()
    pid = hold(database, "writing")
    assert main(["doctor"]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("ok  ")]
    assert line == (
        f"fix database: {database} is held by process {pid}. "
        "Close what runs there: a notebook's kernel, `dagster dev` or a DuckDB shell."
    )


def test_python_outside_the_courses_range(monkeypatch: pytest.MonkeyPatch) -> None:
    """The range is the one in the installed course's metadata."""
    assert doctor.check_python().ok
    monkeypatch.setattr(doctor, "metadata", lambda _: {"Requires-Python": ">=3.99"})
    here = ".".join(map(str, sys.version_info[:3]))
    fix = "Install such a Python, remove the folder .venv and run `make lab`."
    assert doctor.check_python() == Finding(f"Python {here}: the course needs >=3.99. {fix}")


def test_a_python_without_the_course(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an installation no range is known."""

    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "metadata", missing)
    monkeypatch.setattr(doctor, "requires", missing)
    assert doctor.check_python().text.endswith(f"without the course in it. {AGAIN}")
    assert doctor.check_package("pandas") == Finding(f"pandas: no range is known for it. {AGAIN}")


@pytest.mark.parametrize("package", doctor.CHECKED_PACKAGES)
def test_packages_are_compared_with_the_ranges_of_the_installed_course(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is installed is fine; version 0.1 would be too old."""
    assert doctor.check_package(package).ok
    monkeypatch.setattr(doctor, "version", lambda _: "0.1")
    finding = doctor.check_package(package)
    assert not finding.ok
    assert finding.text.startswith(f"{package} 0.1: the course needs >=")
    assert finding.text.endswith(AGAIN)


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is named."""

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", missing)
    assert doctor.check_package("pandas") == Finding(f"pandas is not installed. {AGAIN}")


def test_a_kernelspec_that_starts_another_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names that Python, this one, and the folder that is in the way."""
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    other = tmp_path / "elsewhere" / "python3"
    argv = [str(other), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Other", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert doctor.check_kernel() == Finding(
        f"kernel: `python3` starts {other}, not {sys.executable}. Move the folder {spec} away.",
    )


@pytest.mark.usefixtures("broken_kernel")
def test_a_kernel_that_does_not_start() -> None:
    """The kernel is started, not only looked up."""
    finding = doctor.check_kernel()
    assert not finding.ok
    assert finding.text.startswith("kernel: `python3` does not start (")
    assert finding.text.endswith(AGAIN)


def test_no_ipykernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The missing package is named."""
    monkeypatch.setitem(sys.modules, "ipykernel", None)
    assert doctor.check_kernel() == Finding(f"kernel: ipykernel is not installed. {AGAIN}")


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    """The place to fix is named: here a file stands where a folder should."""
    (tmp_path / "output").write_text("a file")
    finding = doctor.check_writable(tmp_path / "output" / "deeper")
    assert not finding.ok
    assert finding.text.startswith(f"nothing can be written into {tmp_path / 'output' / 'deeper'} (")
    assert finding.text.endswith(
        f"Make {tmp_path / 'output'} a folder that you may write to, with room left on its disk."
    )


def test_no_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The finding holds Python's own message and the fix."""

    def missing() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in []")

    monkeypatch.setattr(doctor.tempfile, "gettempdir", missing)
    assert doctor.check_temporary_folder() == Finding(
        "No usable temporary directory found in []. Set TMPDIR to a folder of yours."
    )


def test_a_taken_port_is_not_a_fault() -> None:
    """JupyterLab takes the next free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        assert doctor.check_port(number) == Finding(
            f"port {number} is taken: JupyterLab takes the next one that is free", ok=True
        )
    assert doctor.check_port(number) == Finding(f"port {number} is free for JupyterLab", ok=True)


def test_no_database_yet(tmp_path: Path) -> None:
    """The check does not create one."""
    path = tmp_path / "course.duckdb"
    expected = f"database: none yet, the first load of `dagster dev` makes {path}"
    assert doctor.check_database(path) == Finding(expected, ok=True)
    assert not path.exists()


def test_a_database_that_opens_is_closed_again(tmp_path: Path) -> None:
    """Afterwards it can be opened, and has its rows."""
    path = tmp_path / "course.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create table kept as select 42 as answer")
    assert doctor.check_database(path).text == f"database: {path} opens, and nobody else holds it"
    with duckdb.connect(path) as connection:
        assert connection.execute("from kept").fetchall() == [(42,)]


def test_a_reader_holds_a_database_too(tmp_path: Path, hold: Callable[[Path, str], int]) -> None:
    """A second process that only reads still prevents the course from writing."""
    path = tmp_path / "course.duckdb"
    duckdb.connect(path).close()
    pid = hold(path, "reading")
    assert f"{path} is held by process {pid}. Close" in doctor.check_database(path).text


def test_a_database_that_this_process_has_open_is_held(tmp_path: Path) -> None:
    """DuckDB would share its connection within a process, and a lock of this process does not stop it."""
    path = tmp_path / "course.duckdb"
    with duckdb.connect(path):
        assert f"{path} is held by this process. Close" in doctor.check_database(path).text


def test_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    """The finding names the error and the fix, and the file is unchanged."""
    path = tmp_path / "course.duckdb"
    path.write_bytes(b"no database" * 1000)
    finding = doctor.check_database(path)
    assert not finding.ok
    assert finding.text.startswith(f"database: {path} cannot be opened (")
    assert finding.text.endswith("Remove it with `lesson reset`.")
    assert path.read_bytes() == b"no database" * 1000


def test_a_pipeline_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finding names the module that is missing."""
    missing = "lesson_lib.pipeline.database_errors"
    monkeypatch.setitem(sys.modules, missing, None)
    assert doctor.check_database(tmp_path / "course.duckdb") == Finding(
        f"the pipeline cannot be imported (import of {missing} halted; None in sys.modules). {AGAIN}"
    )
