"""The notes that libraries make to their own developers, kept off the page; a learner's own stay."""

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from lesson_lib.classroom.installed import is_installed

# How far Dagster is with a feature that a cell uses.
_OF_DAGSTER = (dg.BetaWarning, dg.PreviewWarning, dg.SupersessionWarning)
# Jupyter runs an event loop; each run of Dagster inside it leaves this behind, wherever Python notices.
_LEFT_BEHIND = re.compile(r"coroutine '.*shutdown_asyncgens' was never awaited")


@contextmanager
def without_library_notes() -> Iterator[None]:
    """Show no warning that an installed library raised in its own code, for as long as the body lasts.

    Nor what SQLAlchemy logs, with a traceback, when Python clears an ephemeral instance away, in whichever
    cell: nothing is lost.
    """
    with _less_from(logging.getLogger("sqlalchemy.pool")), _warnings_of_learners():
        yield


@contextmanager
def _less_from(logger: logging.Logger) -> Iterator[None]:
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _warnings_of_learners() -> Iterator[None]:
    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], filename: str, *rest: Any) -> None:  # noqa: ANN401 - handed on
        if not _is_of_a_library(message, category, filename):
            before(message, category, filename, *rest)

    warnings.showwarning = show  # type: ignore[assignment]  # it takes all that the other does
    try:
        yield
    finally:
        if warnings.showwarning is show:  # else somebody else has put theirs in its place
            warnings.showwarning = before


def _is_of_a_library(message: Warning | str, category: type[Warning], filename: str) -> bool:
    left_behind = _LEFT_BEHIND.match(str(message))
    return is_installed(filename) or issubclass(category, _OF_DAGSTER) or bool(left_behind)
