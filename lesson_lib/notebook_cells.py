"""Notebook text, the tags on its cells, and the headings at which its sections begin.

A cell is a mapping as in a notebook's JSON, whether nbformat has read it or not.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

FORMAT = 4

OBJECTIVES = "objectives"
NAVIGATION = "navigation"
TASK = "task:"
EXERCISE = "exercise:"
MAY_RAISE = "raises-exception"
RAISES = "raises:"

# A heading such as `## 02.4 · How do you load twice?`; the group is the heading without its number.
SECTION = re.compile(r"^## +(?:\d+\.\d+ · )?(.+?) *$", re.MULTILINE)


class NotebookError(Exception):
    """A notebook cannot be read or renewed; the message says which one, where, and the next move."""


def parse_notebook(text: str) -> dict[str, Any]:
    """Return a notebook's JSON, with the source of each cell as one text.

    Raises:
        ValueError: the text is not JSON, or not a notebook of format 4.
    """
    content = json.loads(text)
    if not isinstance(content, dict) or content.get("nbformat") != FORMAT:
        raise ValueError(f"it is not a notebook of format {FORMAT}")
    cells = content.get("cells")
    if not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise ValueError("it has no list of cells, each with a type, a source and metadata")
    for cell in cells:
        cell["source"] = "".join(cell["source"])  # the format also allows a list of lines
    return content


def _is_cell(cell: object) -> bool:
    if not isinstance(cell, dict) or not isinstance(cell.get("metadata"), dict):
        return False
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    return isinstance(cell.get("cell_type"), str) and all(isinstance(line, str) for line in lines)


def get_tags(cell: Mapping[str, Any]) -> list[str]:
    """Return the tags of a cell, as JupyterLab's property inspector lists them."""
    return list(cell["metadata"].get("tags", []))


def find_tag(cell: Mapping[str, Any], kind: str) -> str:
    """Return what follows the kind in a cell's tag, such as `2.3` in `exercise:2.3`; empty without one."""
    return next((tag.removeprefix(kind) for tag in get_tags(cell) if tag.startswith(kind)), "")


def get_content_tags(cell: Mapping[str, Any]) -> list[str]:
    """Return the tags that name what the course's content puts into this cell: at most one is valid."""
    return [
        tag for tag in get_tags(cell) if tag in (OBJECTIVES, NAVIGATION) or tag.startswith((TASK, EXERCISE))
    ]
