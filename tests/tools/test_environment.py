"""The set-up refuses in one helpful line, and trusts nothing that is half done."""

import ast
import errno
import importlib.util
import shutil
import sys
import tomllib
from collections import namedtuple
from pathlib import Path

import environment
import pytest
from environment import SetupError

DiskUsage = namedtuple("DiskUsage", "total used free")  # noqa: PYI024 - the very shape that shutil returns


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own: pins, a project file, and an environment whose Python is a plain file."""
    for name in ("requirements.txt", "requirements-browser.txt", "pyproject.toml"):
        (tmp_path / name).write_text(f"the first {name}")
    for name, place in {
        "ROOT": ".",
        "CACHE": ".cache",
        "LAB": ".lab",
        "VENV": ".venv",
        "PINS": "requirements.txt",
        "BROWSER_PINS": "requirements-browser.txt",
        "PROJECT": "pyproject.toml",
        "LOG": ".cache/setup.log",
    }.items():
        monkeypatch.setattr(environment, name, tmp_path / place)
    (tmp_path / ".cache").mkdir()
    return tmp_path


@pytest.fixture
def steps(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the set-up would do, noted and not done; a new environment gets its Python."""
    done: list[str] = []

    def note(title: str, argv: list[str]) -> None:
        done.append(title.split(maxsplit=1)[0] + " " + ("pins" if "--require-hashes" in argv else argv[-1]))
        if title.startswith("Making"):
            python = environment.python_in(checkout / ".venv")
            python.parent.mkdir(parents=True)
            python.touch()

    monkeypatch.setattr(environment, "step", note)
    return done


def test_an_old_python_is_named_and_so_is_the_one_that_is_needed() -> None:
    """Python 3.10 is told what to install and how to name it."""
    with pytest.raises(
        SetupError, match=r"^This is Python 3\.10\.13; the course needs 3\.11 or newer.*PYTHON="
    ):
        environment.check_python((3, 10, 13))


def test_a_python_that_is_new_enough_passes() -> None:
    """The oldest that is admitted, and a far newer one, are not refused."""
    environment.check_python((3, 11, 0))
    environment.check_python((3, 20, 1))


def test_the_oldest_python_is_the_one_in_pyproject() -> None:
    """The scripts, the Makefile and the package agree on it."""
    root = Path(environment.__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={environment.dotted(environment.OLDEST_PYTHON)}"
    assert f"sys.version_info < {environment.OLDEST_PYTHON}" in (root / "Makefile").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("name", ["browser", "environment", "lab", "lock", "test"])
def test_an_old_python_can_read_the_scripts(name: str) -> None:
    """A syntax error would be all that it says otherwise."""
    text = (Path(environment.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 7))


def test_a_python_without_ensurepip_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian ships it apart."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else name)
    with pytest.raises(SetupError, match=r"lacks ensurepip\..*`sudo apt install python3\.12-venv`"):
        environment.check_venv_module((3, 12, 1))


def test_too_little_room_is_refused_with_the_numbers(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says how much is needed, where, and how much there is."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(10**12, 10**12, 400_000_000))
    with pytest.raises(SetupError) as refusal:
        environment.check_room(checkout)
    assert f"needs 1.5 GB and {checkout} has 0.4 GB left" in str(refusal.value)


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "no room",
        ),
        ("error: failed to write: No space left on device (os error 28)", "no room"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "its hash differs"),
        ("  x Failed to download `six`\n  Hash mismatch for `six==1.17.0`", "its hash differs"),
        (
            "Retrying: NewConnectionError: [Errno -3] Temporary failure\nNo matching distribution",
            "be reached",
        ),
        ("error: Failed to fetch: x\n  Caused by: dns error", "be reached"),
        ("Failed to fetch: x\n  invalid peer certificate: UnknownIssuer", "certificate file"),
        ("ERROR: No matching distribution found for six==9", "try Python 3.12"),
    ],
)
def test_what_an_installer_says_becomes_what_to_do(output: str, told: str) -> None:
    """Each known failure of pip and of uv gets its own line."""
    assert told in environment.explain(output)
    assert "\n" not in environment.explain(output)


def test_an_unknown_failure_is_quoted_with_the_place_of_the_log() -> None:
    """Nothing is guessed: the last line stands, and the rest can be read."""
    told = environment.explain("one\ntwo\n\n")
    assert told.startswith("The set-up failed: two")
    assert "setup.log" in told


def test_a_first_set_up_does_everything_and_a_second_nothing(steps: list[str], checkout: Path) -> None:
    """The stamp is what makes the second call quick."""
    environment.ready()
    made = f"Making {checkout / '.venv'}"
    assert steps == [
        made,
        "Installing pins",
        "Listing import matplotlib.font_manager",
        f"Installing {checkout}",
    ]
    steps.clear()
    environment.ready()
    assert steps == []


def test_what_drives_a_browser_is_installed_for_it_alone_and_once(steps: list[str]) -> None:
    """It comes on top of the environment; no learner gets it, and a second call installs nothing."""
    environment.ready()
    steps.clear()
    environment.ready_for_browser()
    assert steps == ["Installing pins"]
    steps.clear()
    environment.ready_for_browser()
    environment.ready()
    assert steps == []


def test_new_pins_of_the_browser_are_installed_on_top(steps: list[str], checkout: Path) -> None:
    """The environment below them stays."""
    environment.ready_for_browser()
    (checkout / "requirements-browser.txt").write_text("the second")
    steps.clear()
    environment.ready_for_browser()
    assert steps == ["Installing pins"]


def test_an_environment_made_anew_has_nothing_for_a_browser(steps: list[str], checkout: Path) -> None:
    """It is installed again, though its own pins are the same."""
    environment.ready_for_browser()
    (checkout / "requirements.txt").write_text("the second")
    steps.clear()
    environment.ready_for_browser()
    assert steps.count("Installing pins") == 2


def test_an_interrupted_set_up_for_a_browser_is_never_trusted(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next call installs it again, and the environment below it stays."""
    environment.ready()

    def stop(_title: str, _argv: list[str]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "step", stop)
        with pytest.raises(KeyboardInterrupt):
            environment.ready_for_browser()
    steps.clear()
    environment.ready_for_browser()
    assert steps == ["Installing pins"]


def test_new_pins_make_the_environment_anew(steps: list[str], checkout: Path) -> None:
    """No package of the old pins stays behind."""
    environment.ready()
    (checkout / ".venv" / "left over").touch()
    (checkout / "requirements.txt").write_text("the second")
    steps.clear()
    environment.ready()
    assert steps[:2] == [f"Making {checkout / '.venv'}", "Installing pins"]
    assert not (checkout / ".venv" / "left over").exists()


def test_a_changed_project_file_installs_the_course_only(steps: list[str], checkout: Path) -> None:
    """The pins are still the same, and so is what is installed of them."""
    environment.ready()
    (checkout / "pyproject.toml").write_text("the second")
    steps.clear()
    environment.ready()
    assert steps == [f"Installing {checkout}"]


def test_a_moved_checkout_is_set_up_again(steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment holds its own address in its scripts and does not survive a move."""
    environment.ready()
    steps.clear()
    monkeypatch.setattr(environment, "ROOT", environment.ROOT.parent)
    environment.ready()
    assert "Installing pins" in steps


def test_another_python_is_set_up_again(steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages of one Python do not fit another."""
    environment.ready()
    steps.clear()
    monkeypatch.setattr(sys, "version", "3.99.0 (some other build)")
    environment.ready()
    assert "Installing pins" in steps


@pytest.mark.parametrize("interrupted", ["Making", "Installing"])
def test_an_interrupted_set_up_is_never_trusted(
    steps: list[str], checkout: Path, monkeypatch: pytest.MonkeyPatch, interrupted: str
) -> None:
    """Stopped at any step, the next call begins afresh and ends complete."""
    noted = environment.step

    def stop(title: str, argv: list[str]) -> None:
        noted(title, argv)
        if title.startswith(interrupted):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "step", stop)
        with pytest.raises(KeyboardInterrupt):
            environment.ready()
    assert environment.read_stamp(checkout / ".venv") == ""
    steps.clear()
    environment.ready()
    assert "Installing pins" in steps
    assert environment.read_stamp(checkout / ".venv") == environment.expected_stamp()


def test_an_environment_whose_python_is_gone_is_set_up_again(steps: list[str], checkout: Path) -> None:
    """So it is when the system replaced the Python that it was made from."""
    environment.ready()
    environment.python_in(checkout / ".venv").unlink()
    steps.clear()
    environment.ready()
    assert "Installing pins" in steps


def test_nothing_of_the_home_folder_or_of_another_environment_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every place that a tool writes to lies in the checkout; what could leak in is dropped."""
    leaks = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "JUPYTER_PATH", "DAGSTER_HOME")
    for name in leaks:
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "kept: it says how this machine reaches its packages")
    found = environment.surroundings()
    assert not set(leaks) & set(found)
    assert "PIP_INDEX_URL" in found
    for name in (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "IPYTHONDIR",
        "MPLCONFIGDIR",
    ):
        assert Path(found[name]).is_relative_to(environment.ROOT)


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (SetupError("do this"), "do this\n"),
        (OSError(errno.ENOSPC, "No space left on device"), environment.NO_ROOM + "\n"),
        (KeyboardInterrupt(), "Stopped. What was half done is done afresh by the next call.\n"),
    ],
)
def test_a_refusal_is_one_line_and_exit_code_1(
    checkout: Path, capsys: pytest.CaptureFixture[str], failure: BaseException, told: str
) -> None:
    """No traceback, whatever stopped it."""
    assert checkout.exists()

    def fail() -> int:
        raise failure

    assert environment.run(fail) == 1
    assert capsys.readouterr().err == told


def test_an_error_of_our_own_keeps_its_traceback(checkout: Path) -> None:
    """Only what the machine lacks is told in a line; a mistake in the scripts has to be seen."""
    assert checkout.exists()

    def fail() -> int:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    with pytest.raises(FileNotFoundError):
        environment.run(fail)


def test_two_set_ups_exclude_each_other(checkout: Path) -> None:
    """The second finds the lock held, and free once the first has ended."""
    path = checkout / ".cache" / "setup.lock"
    with path.open("a") as other:
        with environment.one_at_a_time():
            assert not environment.locked(other)
        assert environment.locked(other)
