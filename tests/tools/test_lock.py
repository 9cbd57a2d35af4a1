"""The pins tell nothing of the machine that made them, and all of them carry hashes."""

import re

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


def test_the_committed_pins_pass() -> None:
    """They name no address, weigh little, and each has at least one hash."""
    pins = environment.PINS.read_text(encoding="utf-8")
    lock.refuse_addresses(pins)
    each = re.findall(r"(?m)^\S+==.*\\\n(?:    --hash=sha256:[0-9a-f]{64}.*\n)+", pins)
    assert len(each) == environment.count_pins(pins) > 100


def test_every_requirement_of_the_project_is_pinned() -> None:
    """The build tool, the course, its lab and its tests: what pyproject.toml names stands in the pins."""
    pinned = set(re.findall(r"(?m)^([a-z0-9-]+)==", environment.PINS.read_text(encoding="utf-8")))
    wanted = {re.split(r"[<>=\[; ]", requirement)[0] for requirement in environment.ranges()}
    assert wanted <= pinned
    assert {"hatchling", "dagster", "jupyterlab", "pytest"} <= wanted
