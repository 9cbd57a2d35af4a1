"""Renew both files of pins: the newest releases that pyproject.toml admits, for every system, with hashes."""

from __future__ import annotations

import os
import subprocess
import sys

import environment
from environment import BROWSER_PINS, CACHE, LOG, PINS, SetupError

HEADING = "# The exact pins of the course, made from pyproject.toml by `make lock`: do not edit.\n"
LIMIT = 1_000_000  # bytes: what a file of this repository may weigh


def main() -> int:
    """Resolve the ranges and write the pins, or leave the files as they were."""
    uv = environment.find_uv() or uv_of_our_own()
    print("Resolving the ranges of pyproject.toml ...", flush=True)
    pins = resolve(uv, environment.ranges())
    # Both lie in one environment: what they share is pinned to one release.
    made = {PINS: pins, BROWSER_PINS: resolve(uv, environment.browser_ranges(), constraints=pins)}
    for text in made.values():
        refuse_addresses(text)
    for path, text in made.items():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{path.name}: {environment.count_pins(text)} pins, {len(text) // 1000} kB.")
    print("Next: `make test`, `make test-browser`, then commit them.")
    return 0


def resolve(uv: str, requirements: list[str], constraints: str = "") -> str:
    """Return the pins for these requirements, with nothing in them of how this machine reaches its index."""
    personal = {"UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX"}
    (CACHE / "constraints.txt").write_text(constraints, encoding="utf-8")
    done = subprocess.run(
        [
            *(uv, "pip", "compile", "-", "--no-config", "--quiet"),
            *("--universal", "--python-version", environment.dotted(environment.OLDEST_PYTHON)),
            "--no-build",  # only releases that exist ready-made: a learner has no compiler
            *("--generate-hashes", "--no-header", "--no-annotate"),
            *("--no-emit-index-url", "--no-emit-find-links"),
            *("--constraints", "constraints.txt"),
        ],
        input="\n".join(requirements),
        env={name: value for name, value in environment.surroundings().items() if name not in personal},
        cwd=CACHE,  # away from pyproject.toml, so that the requirements given are all there is
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        LOG.write_text(done.stderr, encoding="utf-8")
        raise SetupError(environment.explain(done.stderr))
    return HEADING + done.stdout


def refuse_addresses(pins: str) -> None:
    """Refuse pins that would tell where they were fetched, or that weigh too much to commit."""
    telling = [line for line in pins.splitlines() if "://" in line or line.startswith("-")]
    if telling:
        raise SetupError(f"An address got into the pins and nothing was written: {telling[0]}")
    if len(pins) > LIMIT:
        raise SetupError(f"The pins would weigh {len(pins)} bytes, over {LIMIT}, and nothing was written.")


def uv_of_our_own() -> str:
    """Install uv into an ignored folder of the checkout and return its path."""
    venv = CACHE / "lock"
    environment.check_room()
    environment.create(venv)
    environment.step(
        "Installing uv, which resolves the pins, for this call only", [*environment.installer(venv), "uv"]
    )
    return str(environment.python_in(venv).with_name("uv.exe" if os.name == "nt" else "uv"))


if __name__ == "__main__":
    sys.exit(environment.run(main))
