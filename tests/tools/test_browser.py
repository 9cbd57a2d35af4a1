"""Notebooks are visited with the system's own browser, and no process is left running."""

import shutil
import subprocess
import sys
from pathlib import Path

import browser
import environment
import pytest
from environment import SetupError


@pytest.fixture
def call_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which a call keeps its files."""
    monkeypatch.setattr(browser, "ROOT", tmp_path)
    monkeypatch.setattr(browser, "OURS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_the_systems_browser_is_found_by_each_of_its_names(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Debian, Ubuntu and Google use different names."""
    monkeypatch.setattr(shutil, "which", {name: f"/usr/bin/{name}"}.get)
    assert browser.find_chromium() == f"/usr/bin/{name}"


def test_a_missing_browser_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says what to install; nothing is downloaded."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SetupError, match=r"^There is no browser here: .*`sudo apt install chromium [^\n]*$"):
        browser.find_chromium()


def test_a_missing_notebook_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is reported before anything is installed or started."""
    absent = tmp_path / "07_absent.ipynb"
    monkeypatch.setattr(sys, "argv", ["browser.py", str(absent)])
    with pytest.raises(SetupError, match=r"07_absent\.ipynb\. Check the name\.$"):
        browser.main()


def test_the_visitor_gets_the_address_and_its_own_home_folder(call_folder: Path) -> None:
    """The token is not an argument, which every user could read; Chromium writes to no real home folder."""
    seen = call_folder / "seen"
    script = "import os, sys; open(sys.argv[1], 'w').write(os.environ['COURSE_ADDRESS'] + os.environ['HOME'])"
    assert browser.visit([sys.executable, "-c", script, str(seen)], "the address ") == 0
    assert seen.read_text() == f"the address {call_folder / 'home'}"


def test_the_exit_code_of_the_visitor_is_returned(call_folder: Path) -> None:
    """It makes `make` fail if a notebook is wrong."""
    assert call_folder.exists()
    assert browser.visit([sys.executable, "-c", "raise SystemExit(1)"], "") == 1


def test_a_visitor_that_hangs_is_ended_and_reported(
    call_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line says where to look, and the process has ended."""
    ended: list[int | None] = []
    close = browser.close

    def note(visitor: subprocess.Popen[bytes]) -> None:
        close(visitor)
        ended.append(visitor.returncode)

    monkeypatch.setattr(browser, "close", note)
    monkeypatch.setattr(browser, "MAX_SECONDS", 0.1)
    assert call_folder.exists()
    with pytest.raises(SetupError, match=r"^The browser did not finish in .*the last line above says where"):
        browser.visit([sys.executable, "-c", "import time; time.sleep(600)"], "")
    (code,) = ended
    assert code is not None


def test_a_call_removes_the_files_of_the_one_before(tmp_path: Path) -> None:
    """An old screenshot could be mistaken for a new one."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "old.png").touch()
    assert list(browser.make_empty(tmp_path / "pictures").iterdir()) == []


def test_its_files_are_separate_from_those_of_git_and_learners() -> None:
    """Copies and settings are not those of `make lab`, and only the README's picture is committed."""
    assert browser.OURS.parent == environment.LAB
    assert browser.OUTPUT.relative_to(environment.ROOT).parts[0] == "screenshots"
    assert browser.PICTURE.is_file()
