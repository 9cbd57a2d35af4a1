"""A shell of IPython's, as a notebook has one."""

import atexit

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

# Its database is one for all: tests run side by side, and count their cells as they like.
WITHOUT_HISTORY = Config({"HistoryManager": {"enabled": False}})


def new_shell() -> InteractiveShell:
    """Return a new shell without colours, as the one that `get_ipython` finds."""
    InteractiveShell.clear_instance()
    shell: InteractiveShell = InteractiveShell.instance(colors="nocolor", config=WITHOUT_HISTORY)
    atexit.unregister(shell.atexit_operations)  # which would keep every test's shell until the process ends
    return shell
