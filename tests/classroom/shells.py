"""IPython shells like those of notebooks."""

import atexit

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

# Tests run in parallel, and all of them would share one history database.
WITHOUT_HISTORY = Config({"HistoryManager": {"enabled": False}})


def new_shell() -> InteractiveShell:
    """Create a shell without colours, which `get_ipython` returns."""
    InteractiveShell.clear_instance()
    shell: InteractiveShell = InteractiveShell.instance(colors="nocolor", config=WITHOUT_HISTORY)
    atexit.unregister(shell.atexit_operations)  # it would keep the shell of each test until the process ends
    return shell
