"""Renew the files of pins: the newest releases that pyproject.toml admits, for every system, with hashes."""

from __future__ import annotations

import subprocess
import sys

import environment
from environment import BROWSER_PINS, CACHE, LOG, PINS, UV_PINS, SetupError, read_ranges

HEADING = "# The exact pins of the course, made from pyproject.toml by `make lock`: do not edit.\n"
MAX_BYTES = 1_000_000  # of one file in this repository


def main() -> int:
    """Resolve the ranges and write the pins, or leave the files as they were."""
    uv = [str(environment.set_up()), "-m", "uv"]
    print("Resolving the ranges of pyproject.toml ...", flush=True)
    pins = resolve(uv, read_ranges("test"))
    texts = {
        PINS: pins,
        # Both are installed in one environment: what they share is pinned to one release.
        BROWSER_PINS: resolve(uv, read_ranges("browser"), constraints=pins),
        UV_PINS: resolve(uv, read_ranges("setup")),
    }
    for text in texts.values():
        reject_addresses(text)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{path.name}: {environment.count_pins(path)} pins, {len(text) // 1000} kB.")
    print("Next: `make test`, `make test-browser`, then commit them.")
    return 0


def resolve(uv: list[str], requirements: list[str], constraints: str = "") -> str:
    """Return the pins for these requirements, without any trace of how this machine reaches its index."""
    personal = {"UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX"}
    (CACHE / "constraints.txt").write_text(constraints, encoding="utf-8")
    done = subprocess.run(
        [
            *(*uv, "pip", "compile", "-", "--no-config", "--quiet"),
            *("--universal", "--python-version", environment.format_version(environment.OLDEST_PYTHON)),
            "--no-build",  # only releases that exist ready-made: a learner has no compiler
            *("--generate-hashes", "--no-header", "--no-annotate"),
            *("--no-emit-index-url", "--no-emit-find-links"),
            *("--constraints", "constraints.txt"),
        ],
        input="\n".join(requirements),
        env={name: value for name, value in environment.build_variables().items() if name not in personal},
        cwd=CACHE,  # away from pyproject.toml, whose other requirements do not count here
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        LOG.write_text(done.stderr, encoding="utf-8")
        raise SetupError(environment.explain_failure(done.stderr))
    return HEADING + done.stdout


def reject_addresses(pins: str) -> None:
    """Reject pins that contain an address, or that are too large to commit."""
    addresses = [line for line in pins.splitlines() if "://" in line or line.startswith("-")]
    if addresses:
        raise SetupError(f"An address got into the pins and nothing was written: {addresses[0]}")
    if len(pins) > MAX_BYTES:
        raise SetupError(
            f"The pins would weigh {len(pins)} bytes, over {MAX_BYTES}, and nothing was written."
        )


if __name__ == "__main__":
    sys.exit(environment.run_tool(main))
