"""Visit notebooks with a real browser, for tools/browser.py: open, run, look, and take pictures."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from nbformat import NotebookNode
from playwright.sync_api import Browser, Error, Page, ViewportSize, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

import lesson_lib.author.browser_rules as rules
from lesson_lib.author.notebook_files import read_notebook
from lesson_lib.author.notebook_rules import name_code_cells
from lesson_lib.author.notebook_runner import MAX_SECONDS_PER_CELL
from lesson_lib.notebook_cells import RAISES, find_tag

WINDOW: ViewportSize = {
    "width": 1280,
    "height": 1600,
}  # a laptop's width, and a height that shows several cells
SECONDS_TO_OPEN = 120
SECONDS_TO_RENDER = 20
SECONDS_UNTIL_SETTLED = 5  # after an error, because later cells may still be running
OVERLAP_PIXELS = 80  # of two screenshots, so that each line is whole in one of them

PICTURE_OF = "01_irregular_partitions.ipynb"
PICTURE_WIDTH = 1120
MAX_PICTURE_HEIGHT = 1500
MAX_PICTURE_BYTES = 300_000

# Records every popup from the start, because it may be gone again before the first look.
WATCH_POPUPS = """
const popups = '.jp-Dialog, .Toastify__toast, [role=alertdialog]';
window.coursePopups = new Set();
new MutationObserver(changes => {
    for (const change of changes)
        for (const node of change.addedNodes)
            if (node instanceof Element) {
                if (node.matches(popups)) window.coursePopups.add(node);
                for (const inner of node.querySelectorAll(popups)) window.coursePopups.add(inner);
            }
}).observe(document, {childList: true, subtree: true});
"""
POPUPS = """() => [...window.coursePopups]
    .map(popup => popup.ariaLabel || popup.textContent)
    .filter(text => !text.startsWith('Restart Kernel?'))"""

IS_OPEN = """cells => document.querySelectorAll('.jp-Notebook .jp-Cell').length === cells
    && !(document.querySelector('.jp-Toolbar-kernelName')?.textContent ?? 'No Kernel').includes('No Kernel')
    && document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"""
IS_CHANGED = "() => document.querySelector('.lm-TabBar-tab.jp-mod-dirty') !== null"
IS_BLANK = """() => [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputArea-prompt')]
    .every(prompt => prompt.textContent.trim() === '[ ]:')"""
SEEN = """() => [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].map(cell => [
    cell.querySelector('.jp-InputArea-prompt').textContent.trim(),
    [...cell.querySelectorAll("[data-mime-type$='.stderr']")].map(red => red.textContent),
])"""
IS_IDLE = "() => document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
IS_DRAWN = """() => [...document.querySelectorAll('.jp-Notebook img')].every(image => image.complete)
    && [...document.querySelectorAll('.jp-Notebook .jp-RenderedText')].every(text => text.textContent)"""
NEXT_FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

# The height of a cell out of sight is only an estimate until the notebook is scrolled to it.
LAY_OUT_ALL = ".jp-Notebook .jp-Cell { content-visibility: visible !important; }"
SCROLLED = ".jp-Notebook .jp-WindowedPanel-outer"
END_OF_CELLS = """box => box.scrollTop - box.getBoundingClientRect().top
    + [...box.querySelectorAll('.jp-Cell')].at(-1).getBoundingClientRect().bottom"""


@dataclass
class Visit:
    """A notebook to visit, and the folder for its screenshots."""

    path: Path
    notebook: NotebookNode
    output: Path

    def picture(self, what: str) -> Path:
        """Return the path of a screenshot of this notebook."""
        return self.output / f"{self.path.stem}-{what}.png"


def visit_notebook(browser: Browser, visit: Visit, address: str, picture: Path | None) -> list[str]:
    """Visit one notebook in a window of its own and return what is wrong with it."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    requested: set[str] = set()
    page.add_init_script(WATCH_POPUPS)
    page.on("request", lambda request: requested.add(request.url))
    page.on("websocket", lambda socket: requested.add(socket.url))
    page.set_default_timeout(SECONDS_TO_RENDER * 1000)
    found: list[str] = []
    try:
        found.extend(look_at(page, visit, address, picture))
    except (Error, LookupError) as error:
        found.append(str(error).strip().partition("\n")[0])
    with suppress(Error):
        if found:
            page.screenshot(path=visit.picture("failed"))
        context.close()
    return [*found, *rules.find_foreign_hosts(requested, address)]


def look_at(page: Page, visit: Visit, address: str, picture: Path | None) -> Iterator[str]:
    """Open, run and photograph a notebook; yield each thing that is wrong with what the page shows."""
    notebook, boards = visit.notebook, rules.count_stored_boards(visit.notebook)
    with explain_timeout(
        "JupyterLab did not open it, with all its cells and an idle kernel,", SECONDS_TO_OPEN
    ):
        parts = urlsplit(address)  # `reset` closes what was open before in this JupyterLab
        opened = parts._replace(path=f"/lab/tree/notebooks/{visit.path.name}", query=f"{parts.query}&reset")
        page.goto(opened.geturl(), timeout=SECONDS_TO_OPEN * 1000)
        page.wait_for_function(IS_OPEN, arg=len(notebook.cells), timeout=SECONDS_TO_OPEN * 1000)
    if page.evaluate(IS_CHANGED):
        yield "is marked as changed as soon as it is opened"
    wait_until_drawn(page)
    page.screenshot(path=visit.picture("opening"))
    yield from rules.find_missing_boards(boards, count_regions(page, boards))
    page.add_style_tag(content=LAY_OUT_ALL)
    take_pages(page, visit, "stored")

    with explain_timeout("Restart and Run All could not be chosen", SECONDS_TO_RENDER):
        # Cleared first, so that no number of an earlier run is mistaken for one of this run.
        choose(page, "Edit", "editmenu:clear-all")
        page.wait_for_function(IS_BLANK)
        choose(page, "Run", "runmenu:restart-and-run-all")
        page.get_by_role("button", name="Confirm Kernel Restart").click()
    yield from wait_until_it_ran(page, notebook)
    wait_until_drawn(page)
    cells, found = read_cells(page), count_regions(page, boards)
    yield from rules.find_cells_not_run(notebook, cells)
    yield from rules.find_unannounced_red(notebook, cells)
    yield from rules.find_missing_boards(boards, found)
    yield from rules.find_popups(popups := page.evaluate(POPUPS))
    if popups:
        return  # they are in the way of the pictures as well

    for theme in ("Light", "Dark"):
        change_theme(page, theme)
        take_pages(page, visit, theme.lower())
    change_theme(page, "Light")  # the next notebook opens in it, as a learner's first does
    yield from rules.find_popups(page.evaluate(POPUPS))
    if picture and visit.path.name == PICTURE_OF:
        yield from take_picture(page, notebook, picture)


@contextmanager
def explain_timeout(what: str, seconds: int) -> Iterator[None]:
    """Replace a time-out by an error that says what did not happen."""
    try:
        yield
    except TooLate as error:
        raise LookupError(f"{what} within {seconds} seconds. Look at the screenshot.") from error


def wait_until_drawn(page: Page) -> None:
    """Wait until all pictures and texts are there; the rules report what is still missing."""
    with suppress(TooLate):
        page.wait_for_function(IS_DRAWN)


def choose(page: Page, menu: str, command: str) -> None:
    """Choose a command from one of JupyterLab's menus."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(f"li[data-command='{command}']").click()


def wait_until_it_ran(page: Page, notebook: NotebookNode) -> Iterator[str]:
    """Wait until each cell has its number; yield a finding if a cell does not end."""
    names = [name for name, _ in name_code_cells(notebook)]
    before: object = None
    since = time.monotonic()
    while True:
        cells = read_cells(page)
        waiting = [name for name, cell in zip(names, cells, strict=False) if not cell.prompt[1:2].isdigit()]
        if not waiting:
            return
        if (cells, idle := page.evaluate(IS_IDLE)) != before:
            before, since = (cells, idle), time.monotonic()
        waited = time.monotonic() - since
        stopped = page.evaluate(POPUPS) or (idle and has_surprise(notebook, cells))
        if stopped and waited > SECONDS_UNTIL_SETTLED:
            return  # after an error or the kernel's death, which the rules report
        if waited > MAX_SECONDS_PER_CELL:
            yield f"{waiting[0]}: it still ran after {MAX_SECONDS_PER_CELL} seconds. Run it in JupyterLab."
            return
        page.wait_for_timeout(100)


def has_surprise(notebook: NotebookNode, cells: list[rules.SeenCell]) -> bool:
    """Return whether a cell shows an error that it does not announce."""
    return any(
        seen.red and not find_tag(cell, RAISES)
        for (_, cell), seen in zip(name_code_cells(notebook), cells, strict=False)
    )


def read_cells(page: Page) -> list[rules.SeenCell]:
    """Return the code cells as the page shows them."""
    return [rules.SeenCell(prompt, tuple(red)) for prompt, red in page.evaluate(SEEN)]


def count_regions(page: Page, boards: Mapping[str, int]) -> dict[str, int]:
    """Count the regions of each name in the notebook, as a screen reader finds them."""
    named = {
        name: page.locator(".jp-Notebook").get_by_role("region", name=name, exact=True) for name in boards
    }
    with suppress(TooLate):  # after the first that does not appear, waiting longer is useless
        for name, count in boards.items():
            named[name].nth(count - 1).wait_for(state="attached")
    return {name: there.count() for name, there in named.items()}


def change_theme(page: Page, theme: str) -> None:
    """Choose one of JupyterLab's own themes from its menu."""
    name = f"JupyterLab {theme}"
    if page.locator("body").get_attribute("data-jp-theme-name") != name:
        page.get_by_role("menuitem", name="Settings", exact=True).click()
        page.locator("li.lm-Menu-item", has_text="Theme").first.hover()
        page.locator("li.lm-Menu-item", has_text=name).first.click()
        page.locator(f"body[data-jp-theme-name='{name}']").wait_for(state="attached")


def take_pages(page: Page, visit: Visit, theme: str) -> None:
    """Take the whole notebook, from its top to its end, a window's height at a time."""
    window = page.locator(SCROLLED)
    end = window.evaluate(END_OF_CELLS)
    height = window.evaluate("box => box.clientHeight")
    for number, top in enumerate(
        range(0, max(int(end) - OVERLAP_PIXELS, 1), height - OVERLAP_PIXELS), start=1
    ):
        scroll(page, top)
        window.screenshot(path=visit.picture(f"{theme}-{number:02}"))


def scroll(page: Page, top: float) -> None:
    """Scroll the notebook, and wait until it is drawn."""
    page.locator(SCROLLED).evaluate("(box, top) => { box.scrollTop = top; }", top)
    page.evaluate(NEXT_FRAME)


def take_picture(page: Page, notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Take the README's picture: a run with its lineage, and further down a strip of keys."""
    start, end = rules.find_picture_cells(notebook)
    page.keyboard.press("Control+b")  # the list of files
    page.locator("#jp-left-stack").wait_for(state="hidden")
    page.set_viewport_size({"width": PICTURE_WIDTH, "height": MAX_PICTURE_HEIGHT + 200})  # and the menus
    page.evaluate(NEXT_FRAME)
    cells = page.locator(".jp-Notebook .jp-Cell")
    first, last = cells.nth(start).bounding_box(), cells.nth(end).bounding_box()
    box = page.locator(SCROLLED).bounding_box()
    if not first or not last or not box:
        raise LookupError("The cells of the README's picture are out of sight.")
    height = last["y"] + last["height"] - first["y"] + 8
    if height > MAX_PICTURE_HEIGHT:
        yield f"{path.name} would be {height:.0f} pixels tall, over {MAX_PICTURE_HEIGHT}. Shorten its cells."
    scroll(page, page.locator(SCROLLED).evaluate("box => box.scrollTop") + first["y"] - box["y"] - 4)
    seen = page.locator(SCROLLED).bounding_box() or box
    picture = page.screenshot(clip={**seen, "height": min(height, MAX_PICTURE_HEIGHT)})
    if len(picture) > MAX_PICTURE_BYTES:
        yield f"{path.name} would weigh {len(picture)} bytes, over {MAX_PICTURE_BYTES}, and was not renewed."
    else:
        path.write_bytes(picture)


def main() -> int:
    """Visit the notebooks that the command line names, print the findings, and return the exit code."""
    parser = argparse.ArgumentParser(description="Visit notebooks with a browser, for tools/browser.py.")
    parser.add_argument(
        "notebooks", nargs="+", type=Path, help="copies, in the folder that JupyterLab serves"
    )
    parser.add_argument("--chromium", required=True, help="the browser")
    parser.add_argument("--output", required=True, type=Path, help="the folder for screenshots")
    parser.add_argument("--no-sandbox", action="store_true", help="for root, whom Chromium refuses otherwise")
    parser.add_argument("--picture", type=Path, help="where the README's picture goes")
    wanted = parser.parse_args()
    visits = [Visit(path, read_notebook(path), wanted.output) for path in wanted.notebooks]
    passed = True
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=wanted.chromium, args=["--no-sandbox"] if wanted.no_sandbox else []
        )
        for visit in visits:
            print(f"{visit.path.name} ... ", end="", flush=True)
            began = time.monotonic()
            found = visit_notebook(browser, visit, os.environ["COURSE_ADDRESS"], wanted.picture)
            print(
                f"{'FAILED' if found else 'ok'}, {time.monotonic() - began:.0f} s",
                *found,
                sep="\n  ",
                flush=True,
            )
            passed = passed and not found
        browser.close()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
