"""The notes that libraries make to their own developers, kept off the page; a learner's own stay."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

_OF_LIBRARIES: tuple[dict[str, Any], ...] = (
    # Raised while a library's own code ran; a notebook's cells are the module `__main__`.
    {"module": r"(?!__main__$)"},
    # Jupyter runs an event loop; each run of Dagster inside it leaves this behind, wherever Python notices.
    {"message": r"coroutine '.*shutdown_asyncgens' was never awaited", "category": RuntimeWarning},
    # How far Dagster is with a feature that a cell uses.
    *({"category": category} for category in (dg.BetaWarning, dg.PreviewWarning, dg.SupersessionWarning)),
)


@contextmanager
def without_library_notes() -> Iterator[None]:
    """Ignore what libraries have to say, for as long as the body lasts."""
    with warnings.catch_warnings():
        for kind in _OF_LIBRARIES:
            warnings.filterwarnings("ignore", **kind)
        yield
