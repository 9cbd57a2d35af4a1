"""A progress bar in a notebook, for work that reports how far it is."""

import sys
from dataclasses import dataclass
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
    # Without IPython there is no notebook, so it is not imported for this.
    ipython = sys.modules.get("IPython.core.getipython")
    shell: Any = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is None:
        return
    bar = _bars.get(shell)
    if bar is None or not bar.continues(shell.execution_count, done, total):
        if done >= total:
            return
        from IPython.display import display  # noqa: PLC0415 - as above

        handle = display(_EMPTY, raw=True, display_id=True)
        bar = _bars[shell] = _Bar(handle, shell.execution_count, total)
    bar.show(done)
    if done >= total:
        del _bars[shell]


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
            bar = f'<progress max="{self.total}" value="{done}" aria-label="{text} done"></progress>'
            html = f'<div class="lesson-progress">{bar} {text}</div>'
            self.handle.update({"text/plain": text, "text/html": html}, raw=True)
        self.done = done


_bars: WeakKeyDictionary[Any, _Bar] = WeakKeyDictionary()
