"""A progress bar in a notebook, for work that reports how far it is."""

import sys
import uuid
from dataclasses import dataclass, field
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
        if done >= total:  # there is no bar to end
            return
        bar = _bars[shell] = _Bar(shell.display_pub, shell.execution_count, total)
    bar.show(done)
    if done >= total:
        del _bars[shell]


@dataclass
class _Bar:
    """A bar below one cell.

    nbval stores what a display showed first, and nbclient what it showed last, so both are empty. With
    `clear_output` instead, nbval would store the bar, and what the cell printed would disappear.
    """

    publisher: Any
    cell: int
    total: int
    done: int = 0
    name: dict[str, str] = field(
        default_factory=lambda: {"display_id": f"lesson-progress-{uuid.uuid4().hex}"}
    )

    def __post_init__(self) -> None:
        self.publisher.publish(data=_EMPTY, transient=self.name)

    def continues(self, cell: int, done: int, total: int) -> bool:
        """Return whether this is the bar to update, and not one that an interrupted cell left."""
        return (self.cell, self.total) == (cell, total) and done >= self.done

    def show(self, done: int) -> None:
        """Update the bar if the difference is visible."""
        if done >= self.total:
            self._update(_EMPTY)
        elif not self.done or done * _UPDATES // self.total != self.done * _UPDATES // self.total:
            text = f"{done:,} of {self.total:,}"
            bar = f'<progress max="{self.total}" value="{done}" aria-label="{text} done"></progress>'
            self._update(
                {"text/plain": text, "text/html": f'<div class="lesson-progress">{bar} {text}</div>'}
            )
        self.done = done

    def _update(self, data: dict[str, str]) -> None:
        self.publisher.publish(data=data, transient=self.name, update=True)


_bars: WeakKeyDictionary[Any, _Bar] = WeakKeyDictionary()
