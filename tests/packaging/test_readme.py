"""The code in the README works when it is pasted, and prints what stands below it."""

import re
import subprocess
import sys
from pathlib import Path

from lesson_lib.classroom.pages import read_code_block

README = Path(__file__).parents[2] / "README.md"


def test_the_first_code_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """It runs in a new process, from another folder."""
    code, output = (read_code_block(README, language) for language in ("python", "text"))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout == output


def test_every_relative_link_leads_somewhere() -> None:
    """Files that the README links are there."""
    links = re.findall(r"\]\(([^):]+)\)", README.read_text(encoding="utf-8"))
    assert len(links) > 10
    assert [link for link in links if not (README.parent / link).exists()] == []
