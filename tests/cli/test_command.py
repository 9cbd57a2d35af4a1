"""The arguments of `lesson`, and where the command finds its course."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lesson_lib.cli import checkout as checkout_module
from lesson_lib.cli import main
from lesson_lib.cli.checkout import CannotGoOn, find_checkout, find_enclosing_checkout, shorten_path

COMMANDS = ["doctor", "run", "solutions", "student", "start-over", "reset"]


def test_without_arguments_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The help lists all commands."""
    assert main([]) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: lesson")
    assert re.findall(r"^    ([\w-]+)\b", out, re.MULTILINE) == COMMANDS


def test_an_unknown_command_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """The message is argparse's, with its exit status 2."""
    with pytest.raises(SystemExit) as stopped:
        main(["dance"])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert all(word in error for word in ("dance", *COMMANDS))


def test_the_checkout_is_found_from_below(checkout: Path) -> None:
    """It is found from the checkout itself and from a folder in it."""
    assert find_checkout() == checkout
    assert find_enclosing_checkout(checkout / "notebooks") == checkout


def test_another_project_on_the_way_up_is_ignored(checkout: Path) -> None:
    """Neither another project's name nor an invalid TOML file stops the search."""
    for name, text in (("one", '[project]\nname = "other"\n'), ("two", "no toml [")):
        (checkout / name).mkdir()
        (checkout / name / "pyproject.toml").write_text(text)
        assert find_enclosing_checkout(checkout / name) == checkout


def test_no_checkout_says_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This happens when the course is installed from a wheel and called from anywhere."""
    monkeypatch.setattr(
        checkout_module, "__file__", str(tmp_path / "site" / "lesson_lib" / "cli" / "checkout.py")
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        CannotGoOn, match=r"No checkout of the course at or above .* Change into the course's folder"
    ):
        find_checkout()


def test_paths_are_short_inside_a_folder_only(tmp_path: Path) -> None:
    """Paths outside the folder are written in full."""
    assert shorten_path(tmp_path / "a" / "b", tmp_path) == "a/b"
    assert shorten_path(tmp_path, tmp_path / "a") == str(tmp_path)


@pytest.mark.parametrize("command", ["run", "solutions", "student"])
def test_a_command_without_the_lab_extra_says_what_to_install(
    command: str,
    notebook: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The package is named; doctor and reset do not need it."""
    notebook("01_first", "1 + 1")
    monkeypatch.delitem(sys.modules, "lesson_lib.cli.run", raising=False)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert main([command]) == 1
    assert capsys.readouterr().err == (
        f"`lesson {command}` needs tqdm, which is not installed. Run `make lab` once: it installs it.\n"
    )
