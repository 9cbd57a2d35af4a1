"""The set-up reports each failure in one helpful line, and repeats whatever was interrupted."""

import ast
import errno
import importlib.util
import shutil
import sys
import tomllib
from collections import namedtuple
from dataclasses import dataclass, field
from pathlib import Path

import environment
import pytest
from environment import SetupError

DiskUsage = namedtuple("DiskUsage", "total used free")  # noqa: PYI024 - the very shape that shutil returns
MAKE, UV, PINS, COMPILE, COURSE, BROWSER = "Making", "uv", "pins", "Compiling", "course", "browser"
WHOLE_SETUP = [MAKE, UV, PINS, COMPILE, COURSE]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout for one test, with files of pins and a project file."""
    for constant, place in {
        "PINS": "requirements.txt",
        "BROWSER_PINS": "requirements-browser.txt",
        "UV_PINS": "requirements-uv.txt",
        "PROJECT": "pyproject.toml",
        "ROOT": ".",
        "CACHE": ".cache",
        "LAB": ".lab",
        "VENV": ".venv",
        "LOG": ".cache/setup.log",
    }.items():
        monkeypatch.setattr(environment, constant, tmp_path / place)
        if "." in place[1:]:
            (tmp_path / place).parent.mkdir(exist_ok=True)
            (tmp_path / place).write_text(f"the first {place}")
    return tmp_path


@dataclass
class Recorder:
    """Records the steps of a set-up instead of doing them.

    Attributes:
        steps: their names, in order.
        commands: the latest command of each.
        failing: the step that raises `failure`.
    """

    steps: list[str] = field(default_factory=list)
    commands: dict[str, list[str]] = field(default_factory=dict)
    failing: str = ""
    failure: type[BaseException] = KeyboardInterrupt

    def run_step(self, title: str, argv: list[str]) -> None:
        """Record a step; a new environment gets a Python and uv as plain files."""
        files = {"requirements.txt": PINS, "requirements-browser.txt": BROWSER, "requirements-uv.txt": UV}
        step = COURSE if "--editable" in argv else files.get(Path(argv[-1]).name, title.partition(" ")[0])
        self.steps.append(step)
        self.commands[step] = argv
        if step == MAKE:
            assert not Path(argv[-1]).exists()
            Path(argv[-1], "bin").mkdir(parents=True)
            Path(argv[-1], "bin", "python").touch()
        if step == self.failing:
            raise self.failure
        if step == UV:
            environment.find_python(environment.VENV).with_name("uv").touch()

    def set_up(self, *, for_browser: bool = False) -> list[str]:
        """Set up, and return the steps that this took."""
        self.steps.clear()
        environment.set_up(for_browser=for_browser)
        return list(self.steps)

    def fail(self, step: str, failure: type[BaseException] = KeyboardInterrupt, **how: bool) -> None:
        """Set up, with a step that fails and ends the set-up."""
        self.steps.clear()
        self.failing, self.failure = step, failure
        with pytest.raises(failure):
            environment.set_up(**how)
        self.failing = ""


@pytest.fixture
def recorder(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Return a recorder of the checkout's set-up."""
    recorder = Recorder()
    monkeypatch.setattr(environment, "run_step", recorder.run_step)
    assert checkout.exists()
    return recorder


def test_an_old_python_is_rejected_with_the_version_that_is_needed() -> None:
    """The line says what to install and how to name it; the oldest supported Python and newer ones pass."""
    with pytest.raises(
        SetupError, match=r"^This is Python 3\.10\.13; the course needs 3\.11 or newer.*PYTHON="
    ):
        environment.check_python((3, 10, 13))
    environment.check_python((3, 11, 0))
    environment.check_python((3, 20, 1))


def test_the_oldest_python_is_the_one_in_pyproject() -> None:
    """The scripts, the Makefile and the package agree on it."""
    root = Path(environment.__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={environment.format_version(environment.OLDEST_PYTHON)}"
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    assert f"sys.version_info < {environment.OLDEST_PYTHON}" in makefile


@pytest.mark.parametrize("name", ["browser", "environment", "lab", "lock", "test"])
def test_an_old_python_can_parse_the_scripts(name: str) -> None:
    """It would otherwise report nothing but a syntax error."""
    text = (Path(environment.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 7))


@pytest.mark.parametrize("uv", [None, "/usr/bin/uv"])
def test_a_python_without_ensurepip_needs_its_package_or_uv(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, uv: str | None
) -> None:
    """The line names Debian's package; where uv is installed, it makes the environment."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else name)
    monkeypatch.setattr(shutil, "which", lambda _: uv)
    if uv:
        assert recorder.set_up() == WHOLE_SETUP
        assert recorder.commands[MAKE][:3] == [uv, "venv", "--seed"]
    else:
        with pytest.raises(
            SetupError, match=r"lacks ensurepip\..*`sudo apt install python3\.\d+-venv`.*Or install uv\."
        ):
            environment.set_up()


def test_too_little_room_is_reported_with_the_numbers(
    recorder: Recorder, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line says how much is needed, where, and how much there is; nothing has been done."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(10**12, 10**12, 400_000_000))
    with pytest.raises(SetupError) as error:
        environment.set_up()
    assert f"needs 1.5 GB and {checkout} has 0.4 GB left" in str(error.value)
    assert recorder.steps == []


@pytest.mark.parametrize(
    ("output", "explanation"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "no room",
        ),
        ("error: failed to write: No space left on device (os error 28)", "no room"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "its hash differs"),
        ("  x Failed to download `six`\n  Hash mismatch for `six==1.17.0`", "its hash differs"),
        ("Retrying: NewConnectionError: [Errno -3] Temporary\nNo matching distribution", "be reached"),
        ("error: Failed to fetch: x\n  Caused by: dns error", "be reached"),
        ("Failed to fetch: x\n  invalid peer certificate: UnknownIssuer", "certificate file"),
        ("ERROR: No matching distribution found for six==9", "try Python 3.12"),
        ("one\ntwo\n\n", "The set-up failed: two (all of it is in .cache/setup.log)"),
    ],
)
def test_an_installers_failure_becomes_one_line_with_the_next_move(output: str, explanation: str) -> None:
    """An unknown failure is quoted, with the path of the log."""
    assert explanation in environment.explain_failure(output)
    assert "\n" not in environment.explain_failure(output)


def test_a_first_set_up_does_everything_and_a_second_nothing(recorder: Recorder) -> None:
    """The pins are installed with their hashes checked, and without any package that they do not name."""
    assert recorder.set_up() == WHOLE_SETUP
    for step in (UV, PINS):
        assert {"--require-hashes", "--no-deps"} <= {*recorder.commands[step]}
    assert "uv" in recorder.commands[PINS]
    assert recorder.set_up() == []


def test_pip_installs_the_pins_where_there_is_no_uv(recorder: Recorder) -> None:
    """It does so in a new environment."""
    recorder.failing, recorder.failure = UV, SetupError
    assert recorder.set_up() == [MAKE, UV, MAKE, PINS, COMPILE, COURSE]
    assert "pip" in recorder.commands[PINS]
    assert "uv" not in recorder.commands[PINS]


def test_pip_tries_again_if_uv_fails(recorder: Recorder, checkout: Path) -> None:
    """Nothing of uv's attempt is left, and if pip fails, the next call begins again."""
    recorder.fail(PINS, SetupError)
    assert recorder.steps == [MAKE, UV, PINS, MAKE, PINS]
    assert "uv" not in recorder.commands[PINS]
    assert not (checkout / ".venv" / "bin" / "uv").exists()
    assert recorder.set_up() == WHOLE_SETUP


def test_the_driver_of_a_browser_is_installed_once_on_request(recorder: Recorder, checkout: Path) -> None:
    """It is installed again if its pins change, and in a new environment."""
    assert recorder.set_up() == WHOLE_SETUP
    assert recorder.set_up(for_browser=True) == [BROWSER]
    assert recorder.set_up(for_browser=True) == recorder.set_up() == []
    (checkout / "requirements-browser.txt").write_text("the second")
    assert recorder.set_up(for_browser=True) == [BROWSER]
    (checkout / "requirements.txt").write_text("the second")
    assert recorder.set_up(for_browser=True) == [*WHOLE_SETUP, BROWSER]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-uv.txt"])
def test_new_pins_make_a_new_environment(recorder: Recorder, checkout: Path, name: str) -> None:
    """No package of the old pins is left."""
    environment.set_up()
    (checkout / ".venv" / "left over").touch()
    (checkout / name).write_text("the second")
    assert recorder.set_up() == WHOLE_SETUP
    assert not (checkout / ".venv" / "left over").exists()


def test_a_changed_project_file_installs_only_the_course(recorder: Recorder, checkout: Path) -> None:
    """The pinned packages are still the same."""
    environment.set_up()
    (checkout / "pyproject.toml").write_text("the second")
    assert recorder.set_up() == [COURSE]


@pytest.mark.parametrize("change", ["moved", "another Python", "no Python"])
def test_an_environment_that_no_longer_fits_is_made_again(
    recorder: Recorder, checkout: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """The checkout was moved, the Python is another one, or the system has replaced it."""
    environment.set_up()
    if change == "moved":
        monkeypatch.setattr(environment, "ROOT", checkout.parent)
        monkeypatch.setattr(environment, "VENV", checkout / ".venv")
    elif change == "another Python":
        monkeypatch.setattr(sys, "version", "3.99.0 (some other build)")
    else:
        environment.find_python(checkout / ".venv").unlink()
    assert recorder.set_up() == WHOLE_SETUP


@pytest.mark.parametrize(
    ("interrupted", "rest"), [*((step, WHOLE_SETUP) for step in WHOLE_SETUP[:4]), (COURSE, [COURSE])]
)
def test_an_interrupted_set_up_is_never_trusted(
    recorder: Recorder, interrupted: str, rest: list[str]
) -> None:
    """The next call does what is missing, also after one for a browser."""
    recorder.fail(interrupted)
    assert recorder.set_up() == rest
    recorder.fail(BROWSER, for_browser=True)
    assert recorder.set_up(for_browser=True) == [BROWSER]


def test_an_interrupted_renewal_is_not_trusted_after_a_revert(recorder: Recorder, checkout: Path) -> None:
    """The course is installed again, although the project file is that of the last complete set-up."""
    recorder.set_up()
    (checkout / "pyproject.toml").write_text("the second")
    recorder.fail(COURSE)
    (checkout / "pyproject.toml").write_text("the first pyproject.toml")
    assert recorder.set_up() == [COURSE]


def test_a_long_step_shows_that_it_is_at_work(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of its output goes to the log, whether it succeeds or fails."""
    monkeypatch.setattr(environment, "HEARTBEAT_SECONDS", 0.1)
    code = "import sys, time; print('one', flush=True); time.sleep(0.5); print('two'); sys.exit(3)"
    with pytest.raises(SetupError, match=r"^The set-up failed: two \(all of it is in \.cache/setup\.log\)$"):
        environment.run_step("Waiting", [sys.executable, "-c", code])
    assert (checkout / ".cache" / "setup.log").read_text() == "one\ntwo\n"
    assert capsys.readouterr().out.startswith("Waiting ...\n    still at work after 0 s\n    still at work")


def test_nothing_of_the_home_folder_or_of_another_environment_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tools write to the checkout only, and variables of another environment are dropped."""
    foreign = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "JUPYTER_PATH", "DAGSTER_HOME")
    for name in foreign:
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "kept: it says how this machine reaches its packages")
    variables = environment.build_variables()
    assert not {*foreign} & {*variables}
    assert "PIP_INDEX_URL" in variables
    folders = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    for name in (*(f"JUPYTER_{folder}" for folder in folders), "IPYTHONDIR"):
        assert Path(variables[name]).is_relative_to(environment.ROOT)


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (SetupError("do this"), "do this\n"),
        (OSError(errno.ENOSPC, "No space left on device"), environment.NO_ROOM + "\n"),
        (KeyboardInterrupt(), "Stopped. What was half done is done afresh by the next call.\n"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), None),
    ],
)
@pytest.mark.usefixtures("checkout")
def test_a_failure_of_the_machine_is_one_line_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], failure: BaseException, line: str | None
) -> None:
    """A mistake in the scripts keeps its traceback."""

    def fail() -> int:
        raise failure

    if line is None:
        with pytest.raises(FileNotFoundError):
            environment.run_tool(fail)
    else:
        assert environment.run_tool(fail) == 1
        assert capsys.readouterr().err == line


def test_two_set_ups_exclude_each_other(checkout: Path) -> None:
    """The second one gets the lock as soon as the first one has ended."""
    with (checkout / ".cache" / "setup.lock").open("a") as other:
        with environment.lock_setup():
            assert not environment.try_lock(other)
        assert environment.try_lock(other)
