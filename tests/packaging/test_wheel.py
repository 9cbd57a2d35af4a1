"""The wheel contains the whole course, and works when it is installed outside the checkout."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the installed build tool, which needs no network."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a new environment with the wheel and with this environment's dependencies."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    run(
        sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)
    )
    # Python searches a folder that a .pth file names, but does not read the .pth files in that folder. So it
    # finds the dependencies, but not the editable course of the checkout.
    site = Path(run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def run(*argv: str, cwd: Path | None = None) -> str:
    """Run a program and return its output, or fail with its output."""
    process = subprocess.run(argv, cwd=cwd, capture_output=True, encoding="utf-8", check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_the_pipeline_imports_from_the_wheel(installed_python: Path) -> None:
    """Outside the checkout, `lesson_lib.pipeline` is imported from the installed wheel."""
    script = "import lesson_lib.pipeline as pipeline; print(pipeline.__file__)"
    imported = Path(run(str(installed_python), "-I", "-c", script, cwd=installed_python.parent).strip())
    assert imported.is_relative_to(installed_python.parents[1])


def test_the_wheel_contains_the_exercises(installed_python: Path) -> None:
    """Its exercises, answers, beliefs and error rules are those of the checkout."""
    script = (
        "from lesson_lib.classroom.exercises.catalogue import EXERCISES, MISCONCEPTIONS; "
        "from lesson_lib.classroom.display.error_rules import RULES; "
        "print([[each.id, len(each.also_right), len(each.wrong)] for each in EXERCISES.values()], "
        "list(MISCONCEPTIONS), list(RULES))"
    )
    installed = run(str(installed_python), "-I", "-c", script, cwd=installed_python.parent)
    assert installed == run(sys.executable, "-c", script, cwd=ROOT)
    assert "['2.4', 5, 31]" in installed


def test_the_wheel_registers_the_tile_of_jupyterlab(installed_python: Path) -> None:
    """An installed course needs no configuration of JupyterLab, and its entry point loads without Dagster."""
    script = (
        "import sys; from importlib.metadata import entry_points; "
        "(tile,) = entry_points(group='jupyter_serverproxy_servers', name='dagster'); "
        "print(tile.load()()['launcher_entry']['title'], 'dagster' in sys.modules)"
    )
    assert run(str(installed_python), "-I", "-c", script, cwd=installed_python.parent) == "Dagster False\n"


def test_the_wheel_contains_the_data(installed_python: Path) -> None:
    """The files in source/ and arrivals/ are those of the checkout, byte for byte."""
    script = "from lesson_lib.course_data import data_folder; print(data_folder())"
    installed = Path(
        run(str(installed_python), "-I", "-X", "utf8", "-c", script, cwd=installed_python.parent).strip()
    )
    assert installed.is_relative_to(installed_python.parents[1])
    assert read_data_files(installed) == read_data_files(ROOT / "data")
    assert Path("source/o'hare.csv") in read_data_files(installed)


def read_data_files(data: Path) -> dict[Path, bytes]:
    """Return the content of each file that the lessons read, by its path in the data folder."""
    files = [path for part in ("source", "arrivals") for path in (data / part).rglob("*") if path.is_file()]
    return {path.relative_to(data): path.read_bytes() for path in files}


def test_the_wheel_contains_the_notebooks(wheel: Path) -> None:
    """They are those of the checkout, and checkpoints run their cells."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name: archive.read(name)
            for name in archive.namelist()
            if name.startswith("lesson_lib/notebooks/")
        }
    course = {
        f"lesson_lib/notebooks/{path.name}": path.read_bytes()
        for path in (ROOT / "notebooks").glob("*.ipynb")
    }
    assert packed == course
    assert course


def test_the_wheel_contains_nothing_else(wheel: Path) -> None:
    """It contains the type marker and the licence, but no tests, tools or scripts."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"lesson_lib", "irregular_partitions"}
    assert "lesson_lib/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith("lesson_lib/data/") and name.endswith(".py")]
