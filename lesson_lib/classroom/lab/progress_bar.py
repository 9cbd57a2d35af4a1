"""A progress bar in a notebook, for work that says how far it is."""

import sys
import uuid
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

_UPDATES = 100
_NOTHING = {"text/plain": "", "text/html": ""}


def show_progress(done: int, total: int) -> None:
    """Show a bar below the cell, renewed at each per cent; it is gone when all is done.

    What else the cell shows stays. An interrupted bar stays, too, and says how far it came. Where there is no
    notebook to show it in, nothing happens.

    Args:
        done: how many are done, counted from the first call on; `total` ends the bar.
        total: how many there are.
    """
    # Whoever has no IPython loaded is in no notebook.
    ipython = sys.modules.get("IPython.core.getipython")
    shell: Any = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is None:
        return
    bar = _bars.get(shell)
    if bar is None or not bar.is_of(shell.execution_count, done, total):
        if done >= total:  # nothing is open, and nothing is left to show
            return
        bar = _bars[shell] = _Bar(shell.display_pub, shell.execution_count, total)
    bar.show(done)
    if done >= total:
        del _bars[shell]


@dataclass
class _Bar:
    """A bar below one cell.

    nbval keeps what a display showed first, and nbclient what it showed last, so both are nothing. Nor does
    `clear_output` help: nbval does not know it, and it takes away what the cell has printed.
    """

    publisher: Any
    cell: int
    total: int
    done: int = 0
    name: dict[str, str] = field(
        default_factory=lambda: {"display_id": f"lesson-progress-{uuid.uuid4().hex}"}
    )

    def __post_init__(self) -> None:
        self.publisher.publish(data=_NOTHING, transient=self.name)

    def is_of(self, cell: int, done: int, total: int) -> bool:
        """Tell whether this is the bar to go on with, and not one that an interrupted cell has left."""
        return (self.cell, self.total) == (cell, total) and done >= self.done

    def show(self, done: int) -> None:
        """Bring the bar to where the work is, if anybody would see the difference."""
        if done >= self.total:
            self._update(_NOTHING)
        elif not self.done or done * _UPDATES // self.total != self.done * _UPDATES // self.total:
            told = f"{done:,} of {self.total:,}"
            bar = f'<progress max="{self.total}" value="{done}" aria-label="{told} done"></progress>'
            self._update(
                {"text/plain": told, "text/html": f'<div class="lesson-progress">{bar} {told}</div>'}
            )
        self.done = done

    def _update(self, data: dict[str, str]) -> None:
        self.publisher.publish(data=data, transient=self.name, update=True)


_bars: WeakKeyDictionary[Any, _Bar] = WeakKeyDictionary()
