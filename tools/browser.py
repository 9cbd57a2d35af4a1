"""Open every notebook in a real browser, run it there, and examine it; set up first if necessary.

python tools/browser.py                   all of them
python tools/browser.py NOTEBOOK ...      these
python tools/browser.py --picture         all of them, and renew the README's picture

JupyterLab is started as `make lab` starts it, on copies of the notebooks and with settings of its own:
neither a notebook nor a learner's JupyterLab or progress is changed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from environment import LAB, ROOT, SetupError, build_variables, remove, run_tool, set_up
from lab import choose_port, close, is_root, serve

OURS = LAB / "browser"
OUTPUT = ROOT / "screenshots"
PICTURE = ROOT / "docs" / "notebook-01.png"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
MAX_SECONDS = 1800  # until the visits must end, even if the browser hangs without an error


def main() -> int:
    """Set up, start JupyterLab, visit every notebook, and return the exit code."""
    parser = argparse.ArgumentParser(description="Test the notebooks in a real browser.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="the notebooks; all by default")
    parser.add_argument("--picture", action="store_true", help=f"renew {PICTURE.relative_to(ROOT)} as well")
    wanted = parser.parse_args()
    notebooks = wanted.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    missing = [str(path) for path in notebooks if not path.is_file()]
    if missing:
        raise SetupError(f"There is no notebook {', '.join(missing)}. Check the name.")
    chromium = find_chromium()
    python = set_up(for_browser=True)
    course = make_empty(OURS) / "course"
    (course / "notebooks").mkdir(parents=True)
    copies = [shutil.copy(str(path), str(course / "notebooks")) for path in notebooks]
    os.environ["LESSON_PROGRESS"] = str(OURS / "progress.json")  # a test must not change anybody's progress
    print(f"Screenshots go to {make_empty(OUTPUT).relative_to(ROOT)}.", flush=True)
    with serve(python, choose_port(None), course, OURS) as (_, address):
        return visit(
            [
                *(str(python), "-m", "lesson_lib.author.browser_visits", "--chromium", chromium),
                *("--output", str(OUTPUT)),
                *(["--no-sandbox"] if is_root() else []),  # Chromium refuses root without it
                *(["--picture", str(PICTURE)] if wanted.picture else []),
                *copies,
            ],
            address,
        )


def find_chromium() -> str:
    """Return the path of the system's own Chromium: none is ever downloaded."""
    for name in CHROMIUMS:
        path = shutil.which(name)
        if path:
            return path
    raise SetupError(
        f"There is no browser here: none of {', '.join(CHROMIUMS)} is on PATH. On Debian: "
        "`sudo apt install chromium fonts-dejavu-core`, then run the same command again."
    )


def make_empty(folder: Path) -> Path:
    """Return this folder after emptying it."""
    if folder.exists():
        remove(folder)
    folder.mkdir(parents=True)
    return folder


def visit(argv: list[str], address: str) -> int:
    """Visit the notebooks with a second program, end it in any case, and return its exit code."""
    home = OURS / "home"  # Chromium writes to the home folder, whatever profile it is given
    home.mkdir()
    visitor = subprocess.Popen(
        argv,
        cwd=ROOT,
        env={**build_variables(OURS), "HOME": str(home), "COURSE_ADDRESS": address},
        stdin=subprocess.DEVNULL,
        # Only this program receives Ctrl-C; it then ends the others in their order.
        start_new_session=os.name != "nt",
    )
    try:
        return visitor.wait(timeout=MAX_SECONDS)
    except subprocess.TimeoutExpired:
        raise SetupError(
            f"The browser did not finish in {MAX_SECONDS // 60} minutes; the last line above says where. "
            f"JupyterLab's log is in {OURS.relative_to(ROOT)}."
        ) from None
    finally:
        close(visitor)  # the browser closes when its driver ends


if __name__ == "__main__":
    sys.exit(run_tool(main))
