"""The pins contain no address of the machine that made them, and all of them have hashes."""

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
def test_pins_with_an_address_are_rejected(line: str) -> None:
    """The message quotes the line."""
    with pytest.raises(SetupError, match=re.escape(line.strip())):
        lock.reject_addresses(PIN + line)


def test_too_many_pins_are_rejected() -> None:
    """The repository accepts no file of that size."""
    with pytest.raises(SetupError, match="over 1000000"):
        lock.reject_addresses(PIN * 30_000)


@pytest.mark.parametrize(
    ("path", "fewest"), [(environment.PINS, 100), (environment.BROWSER_PINS, 2), (environment.UV_PINS, 1)]
)
def test_the_committed_pins_pass(path: Path, fewest: int) -> None:
    """They contain no address, are small, and each has at least one hash."""
    pins = path.read_text(encoding="utf-8")
    lock.reject_addresses(pins)
    each = re.findall(r"(?m)^\S+==.*\\\n(?:    --hash=sha256:[0-9a-f]{64}.*\n)+", pins)
    assert len(each) == environment.count_pins(path) >= fewest


def read_pins(path: Path) -> dict[str, str]:
    """Return each package that a file pins, with its release."""
    return dict(re.findall(r"(?m)^([a-z0-9-]+)==(\S+)", path.read_text(encoding="utf-8")))


def test_all_pins_fit_into_one_environment() -> None:
    """A package in two files has the same release in both, and learners get no browser's driver."""
    course, browser = read_pins(environment.PINS), read_pins(environment.BROWSER_PINS)
    assert {name: browser[name] for name in browser.keys() & course.keys()} == {
        name: course[name] for name in browser.keys() & course.keys()
    }
    assert read_pins(environment.UV_PINS).keys() == {"uv"}
    assert "playwright" in browser
    assert "playwright" not in course


def test_every_requirement_of_the_project_is_pinned() -> None:
    """The pins include all that pyproject.toml names: the build tool, the course, its lab and its tests."""
    pinned = set(read_pins(environment.PINS))
    wanted = {re.split(r"[<>=\[; ]", requirement)[0] for requirement in environment.read_ranges("test")}
    assert wanted <= pinned
    assert {"hatchling", "dagster", "jupyterlab", "pytest"} <= wanted
