"""Hide the notes that libraries write for their own developers; a learner's own warnings are shown."""

import logging
import re
import sysconfig
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

_FOLDERS = {"site-packages", "dist-packages"}
_STDLIB = sysconfig.get_path("stdlib")
# They say how mature a feature of Dagster is that a cell uses.
_DAGSTER_NOTES = (dg.BetaWarning, dg.PreviewWarning, dg.SupersessionWarning)
# Jupyter runs an event loop; each run of Dagster inside it causes this, wherever Python notices it.
_LEFT_BEHIND = re.compile(r"coroutine '.*shutdown_asyncgens' was never awaited")


def is_installed(filename: str) -> bool:
    """Return whether a file belongs to Python itself, or to a package that was installed into it."""
    return filename.startswith(_STDLIB) or not _FOLDERS.isdisjoint(Path(filename).parts)


@contextmanager
def hide_library_notes() -> Iterator[None]:
    """Hide warnings that installed libraries raise in their own code, while the body runs.

    It also hides the traceback that SQLAlchemy logs when Python collects an ephemeral instance as garbage,
    since nothing is lost then.
    """
    logger = logging.getLogger("sqlalchemy.pool")
    level, show = logger.level, warnings.showwarning

    def show_own(message: Warning | str, category: type[Warning], filename: str, *rest: Any) -> None:  # noqa: ANN401 - passed on
        is_note = issubclass(category, _DAGSTER_NOTES) or _LEFT_BEHIND.match(str(message))
        if not (is_note or is_installed(filename)):
            show(message, category, filename, *rest)

    logger.setLevel(logging.CRITICAL)
    warnings.showwarning = show_own  # type: ignore[assignment]  # it takes the same arguments
    try:
        yield
    finally:
        logger.setLevel(level)
        if warnings.showwarning is show_own:  # another library may have replaced it
            warnings.showwarning = show
