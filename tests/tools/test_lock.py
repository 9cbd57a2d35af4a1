"""The pins tell nothing of the machine that made them, and all of them carry hashes."""

import re
from pathlib import Path

import environment
import lock
import pytest
from environment import SetupError

PIN = "six==1.17.0 \\\n    --hash=sha256:4721f391\n"


@pytest.mark.parametrize(
    "line", ["--find-links /opt/wheels\n", "-i https://example.org/simple\n", "a @ file:///a\n"]
)
def test_pins_that_tell_an_address_are_refused(line: str) -> None:
    """The line that tells it is shown."""
    with pytest.raises(SetupError, match=re.escape(line.strip())):
        lock.refuse_addresses(PIN + line)


def test_pins_that_weigh_too_much_are_refused() -> None:
    """The repository takes no such file."""
    with pytest.raises(SetupError, match="over 1000000"):
        lock.refuse_addresses(PIN * 30_000)


@pytest.mark.parametrize(("path", "fewest"), [(environment.PINS, 100), (environment.BROWSER_PINS, 2)])
def test_the_committed_pins_pass(path: Path, fewest: int) -> None:
    """They name no address, weigh little, and each has at least one hash."""
    pins = path.read_text(encoding="utf-8")
    lock.refuse_addresses(pins)
    each = re.findall(r"(?m)^\S+==.*\\\n(?:    --hash=sha256:[0-9a-f]{64}.*\n)+", pins)
    assert len(each) == environment.count_pins(pins) >= fewest


def pinned_in(path: Path) -> dict[str, str]:
    """Each package that a file pins, with its release."""
    return dict(re.findall(r"(?m)^([a-z0-9-]+)==(\S+)", path.read_text(encoding="utf-8")))


def test_both_files_of_pins_fit_one_environment() -> None:
    """What both name is the same release, and what learners get drives no browser."""
    course, browser = pinned_in(environment.PINS), pinned_in(environment.BROWSER_PINS)
    assert {name: browser[name] for name in browser.keys() & course.keys()} == {
        name: course[name] for name in browser.keys() & course.keys()
    }
    assert "playwright" in browser
    assert "playwright" not in course


def test_every_requirement_of_the_project_is_pinned() -> None:
    """The build tool, the course, its lab and its tests: what pyproject.toml names stands in the pins."""
    pinned = set(pinned_in(environment.PINS))
    wanted = {re.split(r"[<>=\[; ]", requirement)[0] for requirement in environment.ranges()}
    assert wanted <= pinned
    assert {"hatchling", "dagster", "jupyterlab", "pytest"} <= wanted
