"""The IPython extension, `%load_ext lesson_lib`: a notebook without noise."""

import warnings
from typing import Any

# Jupyter runs an event loop; each run of Dagster inside it leaves this behind. It means nothing to a learner.
_HARMLESS = r"coroutine '.*shutdown_asyncgens' was never awaited"


def load(ipython: Any) -> None:  # noqa: ANN401 - IPython's shell has no public type
    """Show an exception as its message, without the traceback, and drop one harmless warning."""
    warnings.filterwarnings("ignore", message=_HARMLESS, category=RuntimeWarning)
    ipython.InteractiveTB.set_mode(mode="Minimal")


def unload(ipython: Any) -> None:  # noqa: ANN401 - as above
    """Show tracebacks and the warning again."""
    warnings.filterwarnings("default", message=_HARMLESS, category=RuntimeWarning)
    ipython.InteractiveTB.set_mode(mode="Context")
