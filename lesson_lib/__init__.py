"""Irregular partitions: the library behind the course's notebooks.

`lesson_lib.pipeline` is what a learner takes to work; `lesson_lib.classroom` makes a notebook a good place to
learn. `%load_ext lesson_lib` lets Dagster's objects show themselves there, and keeps noise off the page.
"""

from typing import Any


def load_ipython_extension(ipython: Any) -> None:  # noqa: ANN401 - IPython's shell has no public type
    """Take part in `%load_ext lesson_lib`."""
    from lesson_lib.classroom import extension  # noqa: PLC0415 - `import lesson_lib` costs only what is used

    extension.load(ipython)


def unload_ipython_extension(ipython: Any) -> None:  # noqa: ANN401 - as above
    """Take part in `%unload_ext lesson_lib`."""
    from lesson_lib.classroom import extension  # noqa: PLC0415 - as above

    extension.unload(ipython)
