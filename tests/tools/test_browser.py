"""The notebooks are visited with the system's own browser, and nothing is left running."""

import shutil
import subprocess
import sys
from pathlib import Path

import browser
import environment
import pytest
from environment import SetupError


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a call keeps its files in."""
    monkeypatch.setattr(browser, "ROOT", tmp_path)
    monkeypatch.setattr(browser, "OURS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_the_systems_own_browser_is_found_by_each_of_its_names(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Debian, Ubuntu and Google call it differently."""
    monkeypatch.setattr(shutil, "which", {name: f"/usr/bin/{name}"}.get)
    assert browser.find_chromium() == f"/usr/bin/{name}"


def test_no_browser_is_one_line_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is downloaded in its place."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SetupError, match=r"^There is no browser here: .*`sudo apt install chromium [^\n]*$"):
        browser.find_chromium()


def test_a_notebook_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is named before anything is installed or started."""
    absent = tmp_path / "07_absent.ipynb"
    monkeypatch.setattr(sys, "argv", ["browser.py", str(absent)])
    with pytest.raises(SetupError, match=r"07_absent\.ipynb\. Check the name\.$"):
        browser.main()


def test_the_visitor_gets_the_address_unseen_and_a_home_of_its_own(ours: Path) -> None:
    """The token is no argument, which every user could read; Chromium leaves the real home folder alone."""
    seen = ours / "seen"
    script = "import os, sys; open(sys.argv[1], 'w').write(os.environ['COURSE_ADDRESS'] + os.environ['HOME'])"
    assert browser.visit([sys.executable, "-c", script, str(seen)], "the address ") == 0
    assert seen.read_text() == f"the address {ours / 'home'}"


def test_what_the_visitor_found_wrong_is_the_exit_code(ours: Path) -> None:
    """The exit code makes make fail as well."""
    assert ours.exists()
    assert browser.visit([sys.executable, "-c", "raise SystemExit(1)"], "") == 1


def test_a_visitor_that_hangs_is_ended_and_reported(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says where to look; the process is gone."""
    ended: list[int | None] = []
    close = browser.close

    def note(visitor: subprocess.Popen[bytes]) -> None:
        close(visitor)
        ended.append(visitor.returncode)

    monkeypatch.setattr(browser, "close", note)
    monkeypatch.setattr(browser, "MAX_SECONDS", 0.1)
    assert ours.exists()
    with pytest.raises(SetupError, match=r"^The browser did not finish in .*the last line above says where"):
        browser.visit([sys.executable, "-c", "import time; time.sleep(600)"], "")
    (code,) = ended
    assert code is not None


def test_a_second_call_finds_nothing_of_the_first(tmp_path: Path) -> None:
    """An old screenshot would pass for a new one."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "old.png").touch()
    assert list(browser.fresh(tmp_path / "pictures").iterdir()) == []


def test_nothing_of_it_lies_where_git_or_a_learner_looks() -> None:
    """Copies and settings are apart from those of `make lab`; only the README's picture is committed."""
    assert browser.OURS.parent == environment.LAB
    assert browser.OUTPUT.relative_to(environment.ROOT).parts[0] == "screenshots"
    assert browser.PICTURE.is_file()
