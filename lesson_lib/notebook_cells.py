"""What marks the cells of the course's notebooks: tags, and the headings at which sections begin.

A cell is a mapping as in a notebook's JSON, read by nbformat or without it.
"""

import re
from collections.abc import Mapping
from typing import Any

OBJECTIVES = "objectives"
TASK = "task:"
EXERCISE = "exercise:"
MAY_RAISE = "raises-exception"
RAISES = "raises:"

SECTION = re.compile(r"^## +(.+?) *$", re.MULTILINE)


def tags(cell: Mapping[str, Any]) -> list[str]:
    """Return the tags of a cell, as JupyterLab's property inspector lists them."""
    return list(cell["metadata"].get("tags", []))


def tagged(cell: Mapping[str, Any], kind: str) -> str:
    """Return what follows the kind in a cell's tag, such as `2.3` in `exercise:2.3`; empty without one."""
    return next((tag.removeprefix(kind) for tag in tags(cell) if tag.startswith(kind)), "")


def ties(cell: Mapping[str, Any]) -> list[str]:
    """Return those of a cell's tags that say what the registry of exercises has for it: one, or none."""
    return [tag for tag in tags(cell) if tag == OBJECTIVES or tag.startswith((TASK, EXERCISE))]
