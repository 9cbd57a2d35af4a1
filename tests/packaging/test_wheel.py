"""The built wheel, installed far from the checkout, is a whole course: it imports and finds its data."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the build tool that is installed already: no network."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it into a fresh environment that borrows the dependencies, and return that one's Python."""
    venv = tmp_path_factory.mktemp("elsewhere") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    run(
        sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)
    )
    # A path named in a .pth file is searched, but its own .pth files are not read: the dependencies come
    # along, the editable course of the checkout does not.
    site = Path(run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def run(*argv: str, cwd: Path | None = None) -> str:
    """Run a program and return what it printed; the output of a failing one is shown."""
    done = subprocess.run(argv, cwd=cwd, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_pipeline_imports_from_the_wheel(elsewhere: Path) -> None:
    """Isolated from the checkout, `lesson_lib.pipeline` is the wheel's own."""
    script = "import lesson_lib.pipeline as pipeline; print(pipeline.__file__)"
    found = Path(run(str(elsewhere), "-I", "-c", script, cwd=elsewhere.parent).strip())
    assert found.is_relative_to(elsewhere.parents[1])


def test_the_wheel_brings_the_content(elsewhere: Path) -> None:
    """The exercises with their answers, the beliefs, and the rules for errors are those of the checkout."""
    script = (
        "from lesson_lib.classroom.exercises.catalogue import EXERCISES, MISCONCEPTIONS; "
        "from lesson_lib.classroom.display.error_rules import RULES; "
        "print([[done.id, len(done.also_right), len(done.wrong)] for done in EXERCISES.values()], "
        "list(MISCONCEPTIONS), list(RULES))"
    )
    installed = run(str(elsewhere), "-I", "-c", script, cwd=elsewhere.parent)
    assert installed == run(sys.executable, "-c", script, cwd=ROOT)
    assert "['2.4', 3, 9]" in installed


def test_the_wheel_brings_every_file_of_data(elsewhere: Path) -> None:
    """What the checkout holds under source/ and arrivals/ is there, byte for byte."""
    script = "from lesson_lib.course_data import data_folder; print(data_folder())"
    installed = Path(run(str(elsewhere), "-I", "-X", "utf8", "-c", script, cwd=elsewhere.parent).strip())
    assert installed.is_relative_to(elsewhere.parents[1])
    assert contents(installed) == contents(ROOT / "data")
    assert Path("source/o'hare.csv") in contents(installed)


def contents(data: Path) -> dict[Path, bytes]:
    """Return the files that the lesson reads, by their place in the data folder."""
    files = [path for part in ("source", "arrivals") for path in (data / part).rglob("*") if path.is_file()]
    return {path.relative_to(data): path.read_bytes() for path in files}


def test_the_wheel_brings_the_notebooks(wheel: Path) -> None:
    """Checkpoints run the cells of these notebooks."""
    with zipfile.ZipFile(wheel) as archive:
        held = {
            name: archive.read(name)
            for name in archive.namelist()
            if name.startswith("lesson_lib/notebooks/")
        }
    course = {
        f"lesson_lib/notebooks/{path.name}": path.read_bytes()
        for path in (ROOT / "notebooks").glob("*.ipynb")
    }
    assert held == course
    assert course


def test_the_wheel_holds_the_course_and_nothing_else(wheel: Path) -> None:
    """It holds no tests, tools or scripts, but the type marker and the licence."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"lesson_lib", "irregular_partitions"}
    assert "lesson_lib/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith("lesson_lib/data/") and name.endswith(".py")]
