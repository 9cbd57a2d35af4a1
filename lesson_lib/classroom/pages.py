"""Read the Markdown pages of the course, which begin with front matter: YAML between two lines of dashes."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# The one in C, where it is there: the whole course is read at each start of a kernel.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SHAPE = re.compile(r"---\n(.*?\n)---\n(.*)", re.DOTALL)


class ContentError(Exception):
    """A file of the course cannot be read; the message begins with the file and the line."""

    def __init__(self, path: Path, line: int, fault: str) -> None:
        """Name the file by its last three parts, such as `02/2_4_idempotent_asset/task.md`."""
        super().__init__(f"{'/'.join(path.parts[-3:])}, line {line}: {fault}")


@dataclass(frozen=True)
class Page:
    """A Markdown file."""

    path: Path
    front: Mapping[str, Any]  # the values of the front matter
    body: str  # the Markdown below the front matter, without blank lines around it

    def error(self, fault: str, near: str = "") -> ContentError:
        """Return the error that names the line on which a text first stands, or else the first line."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        line = next((number for number, text in enumerate(lines, 1) if near and near in text), 1)
        return ContentError(self.path, line, fault)

    def require(self, keys: Collection[str]) -> None:
        """Raise a ContentError if the front matter lacks one of these keys, or has another."""
        for key in keys:
            if key not in self.front:
                raise self.error(f"The front matter has no {key!r}. Add a line `{key}: ...`.")
        for key in self.front:
            if key not in keys:
                fault = f"{key!r} is not a key of this front matter. It has {', '.join(keys)}."
                raise self.error(fault, f"{key}:")


def read_page(path: Path) -> Page:
    """Read a Markdown file, or raise a ContentError if it has no front matter in YAML."""
    found = _SHAPE.fullmatch(path.read_text(encoding="utf-8"))
    if not found:
        raise ContentError(path, 1, "The file begins with --- and a second --- ends its front matter.")
    return Page(path, read_yaml(path, found[1], 1), found[2].strip("\n"))


def read_yaml(path: Path, text: str, lines_above: int = 0) -> dict[str, Any]:
    """Read YAML that is a mapping, or raise a ContentError."""
    try:
        values = yaml.load(text, _LOADER)  # noqa: S506 - both are safe loaders
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContentError(path, line + lines_above, f"This is not YAML: {error.problem}.") from None
    if not isinstance(values, dict):
        raise ContentError(path, 1 + lines_above, "Write `key: value` on each line.")
    return values


def read_code_block(path: Path, language: str) -> str:
    """Return the only fenced block of a language in a Markdown file, or raise a ContentError."""
    blocks = re.findall(rf"```{language}\n(.*?\n)```", path.read_text(encoding="utf-8"), re.DOTALL)
    if len(blocks) != 1:
        raise ContentError(path, 1, f"The page has {len(blocks)} blocks ```{language}. Keep one.")
    return str(blocks[0])
