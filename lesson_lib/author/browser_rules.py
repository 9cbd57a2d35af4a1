"""Rules for notebooks in a real browser: each function returns what it finds wrong with what a visit saw.

A finding names the cell, the fault and the next move. `browser_visits` makes the visits.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from nbformat import NotebookNode

from lesson_lib.author.notebook_rules import list_code_cells, name_code_cells
from lesson_lib.notebook_cells import RAISES, find_tag

# As the classroom writes it, with its accessible name.
_BOARD = re.compile(r'<section class="lesson-board\b[^>]*?(?: aria-label="([^"]*)")?>')
_WITHIN_THE_PAGE = {"about", "blob", "data"}


@dataclass(frozen=True)
class SeenCell:
    """A code cell as the page shows it: its prompt, and the text of each output on a red ground."""

    prompt: str
    red: tuple[str, ...] = ()


def find_cells_not_run(notebook: NotebookNode, seen: list[SeenCell]) -> list[str]:
    """Find code cells that the page does not number from 1 on, as many as the file has."""
    if len(seen) != len(list_code_cells(notebook)):
        return [
            f"The page has {len(seen)} code cells, the file {len(list_code_cells(notebook))}. Compare them."
        ]
    names = [name for name, _ in name_code_cells(notebook)]
    wrong = [name for number, name in enumerate(names, 1) if seen[number - 1].prompt != f"[{number}]:"]
    how_many = f"{len(wrong)} of {len(names)} cells were not"
    return [f"{wrong[0]}: it was not run in its turn ({how_many}). Run it in JupyterLab."] if wrong else []


def find_unannounced_red(notebook: NotebookNode, seen: list[SeenCell]) -> list[str]:
    """Find announced errors that are not shown, and any other output on a red ground.

    JupyterLab gives this ground to errors and stderr only.
    """
    found: list[str] = []
    for (name, cell), there in zip(name_code_cells(notebook), seen, strict=False):
        announced, red = find_tag(cell, RAISES), list(there.red)
        expected = [text for text in red if announced and announced in text]
        if expected:
            red.remove(expected[0])
        elif announced:
            found.append(
                f"{name}: it announces {announced}, and the page does not show it. Run it, and look."
            )
        for text in red:
            last = text.strip().rpartition("\n")[2][:100]
            found.append(f"{name}: an error or stderr that no tag announces: {last!r}. Correct the cell.")
    return found


def count_stored_boards(notebook: NotebookNode) -> Counter[str]:
    """Count the boards in the stored outputs by their names, with white space as a browser folds it."""
    pages = map(_read_pages, list_code_cells(notebook))
    names = [html.unescape(name) for page in pages for name in _BOARD.findall(page)]
    return Counter(" ".join(name.split()) for name in names)


def find_missing_boards(stored: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """Find stored boards that are not in the page, as often, as regions of their name."""
    return [
        f"The page has {found.get(name, 0)} regions named {name!r}, stored are {count} such boards. "
        "Look at the screenshots."
        for name, count in stored.items()
        if found.get(name, 0) != count or not name
    ]


def find_popups(popups: Iterable[str]) -> list[str]:
    """Report dialogs and messages that popped up unexpectedly."""
    return [
        f"This popped up unasked: {' '.join(text.split())[:150]!r}. "
        "What JupyterLab asks by itself is answered in tools/lab.py."
        for text in popups
    ]


def find_foreign_hosts(addresses: Iterable[str], home: str) -> list[str]:
    """Find requests, including web sockets, to another server than that of the home address."""
    hosts = {
        urlsplit(address).netloc or address
        for address in addresses
        if urlsplit(address).scheme not in _WITHIN_THE_PAGE
    }
    return [
        f"The page made a request to {host}. The course works without a network: remove what needs it."
        for host in sorted(hosts - {urlsplit(home).netloc})
    ]


def find_picture_cells(notebook: NotebookNode) -> tuple[int, int]:
    """Return the places of the last run of a partition before the first strip of keys, and of that strip.

    Raises:
        LookupError: the notebook has no such pair.
    """
    pages = [_read_pages(cell) for cell in notebook.cells]
    strip = next((place for place, page in enumerate(pages) if 'class="lesson-strip"' in page), 0)
    for place in reversed(range(strip)):
        if any(": partition " in name for name in _BOARD.findall(pages[place])):
            return place, strip
    raise LookupError(
        "The README's picture needs the board of a run, and further down a board with a strip of keys. Write "
        "the notebook so, or look for other cells in lesson_lib/author/browser_rules.py."
    )


def _read_pages(cell: NotebookNode) -> str:
    """Return the HTML of all outputs of a cell."""
    return "".join(output.get("data", {}).get("text/html", "") for output in cell.get("outputs", []))
