"""An IPython extension for kernels of this course, which helps before the first cell has run.

After a restart, the commonest mistake is to run a cell further down: its names are gone, and so is
`%load_ext lesson_lib`. `make lab` loads this extension when a kernel starts. It imports nothing until then.
"""

from types import TracebackType
from typing import Any


def load_ipython_extension(ipython: Any) -> None:  # noqa: ANN401 - IPython's shell has no public type
    """Explain NameErrors until `lesson_lib` is loaded, which then explains all errors."""
    ipython.set_custom_exc((NameError,), _show)


def _show(
    shell: Any,  # noqa: ANN401 - as above
    kind: type[NameError],
    error: NameError,
    tb: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    from lesson_lib.classroom.checkpoints.missing_names import describe_missing_name  # noqa: PLC0415
    from lesson_lib.classroom.display.displayable import render_formats  # noqa: PLC0415

    shell.showtraceback((kind, error, tb), tb_offset=tb_offset)
    if board := describe_missing_name(error, shell, shell.history_manager.input_hist_raw[-1]):
        shell.display_pub.publish(render_formats(board))
