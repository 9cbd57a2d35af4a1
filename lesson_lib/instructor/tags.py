"""The tags that tie a notebook's cells to the registry of exercises."""

from nbformat import NotebookNode

OBJECTIVES = "objectives"
TASK = "task:"
EXERCISE = "exercise:"


def ties(cell: NotebookNode) -> list[str]:
    """Return those of a cell's tags that say what the registry has for it: one, or none."""
    return [
        tag for tag in cell.metadata.get("tags", []) if tag == OBJECTIVES or tag.startswith((TASK, EXERCISE))
    ]
