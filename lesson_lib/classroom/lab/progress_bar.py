"""A progress bar in a notebook, for work that reports how far it is, and one for work that does not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any
from weakref import WeakKeyDictionary

_UPDATES = 100
_EMPTY = {"text/plain": "", "text/html": ""}


def show_progress(done: int, total: int) -> None:
    """Show a bar below the cell, updated at each per cent. It disappears when everything is done.

    Other outputs of the cell stay. A bar whose cell was interrupted stays and shows how far the work came.
    Outside a notebook, nothing happens.

    Args:
        done: how many are done since the first call; `total` ends the bar.
        total: how many there are.
    """
    shell = _find_shell()
    if shell is None:
        return
    bar = _bars.get(shell)
    if bar is None or not bar.continues(shell.execution_count, done, total):
        if done >= total:
            return
        bar = _bars[shell] = _Bar(_display_nothing(), shell.execution_count, total)
    bar.show(done)
    if done >= total:
        del _bars[shell]


@contextmanager
def show_activity(text: str) -> Iterator[None]:
    """Show a bar that only moves, with a text, below the cell while the body runs.

    Outside a notebook, nothing happens.
    """
    if _find_shell() is None:
        yield
        return
    handle = _display_nothing()
    html = (
        f'<div class="lesson-progress"><progress aria-label="{escape(text)}"></progress> {escape(text)}</div>'
    )
    handle.update({"text/plain": text, "text/html": html}, raw=True)
    try:
        yield
    finally:
        handle.update(_EMPTY, raw=True)


def _find_shell() -> Any:  # noqa: ANN401 - IPython's shell, if it has a kernel
    # Without IPython there is no notebook, so it is not imported for this.
    ipython = sys.modules.get("IPython.core.getipython")
    shell = ipython.get_ipython() if ipython else None
    return shell if getattr(shell, "kernel", None) is not None else None


def _display_nothing() -> Any:  # noqa: ANN401 - IPython's `DisplayHandle`
    from IPython.display import display  # noqa: PLC0415 - as in `_find_shell`

    return display(_EMPTY, raw=True, display_id=True)


def _make_bar(text: str, label: str, values: str = "") -> dict[str, str]:
    """Return a bar with a text beside it, in all forms; without values, a browser moves it to and fro."""
    bar = f'<progress {values}aria-label="{escape(label)}"></progress>'
    return {"text/plain": text, "text/html": f'<div class="lesson-progress">{bar} {escape(text)}</div>'}


@dataclass
class _Bar:
    """A bar below one cell.

    nbval stores what a display showed first, and nbclient what it showed last, so both are empty. With
    `clear_output` instead, nbval would store the bar, and what the cell printed would disappear.
    """

    handle: Any  # IPython's `DisplayHandle`
    cell: int
    total: int
    done: int = 0

    def continues(self, cell: int, done: int, total: int) -> bool:
        """Return whether this is the bar to update, and not one that an interrupted cell left."""
        return (self.cell, self.total) == (cell, total) and done >= self.done

    def show(self, done: int) -> None:
        """Update the bar if the difference is visible."""
        if done >= self.total:
            self.handle.update(_EMPTY, raw=True)
        elif not self.done or done * _UPDATES // self.total != self.done * _UPDATES // self.total:
            text = f"{done:,} of {self.total:,}"
            bar = _make_bar(text, f"{text} done", f'max="{self.total}" value="{done}" ')
            self.handle.update(bar, raw=True)
        self.done = done


_bars: WeakKeyDictionary[Any, _Bar] = WeakKeyDictionary()
