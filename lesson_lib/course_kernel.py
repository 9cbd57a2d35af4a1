"""The kernel of `make lab`: it does not name its Python version in the notebook's file.

JupyterLab writes what a kernel says of its language into the notebook, which marks the notebook as changed as
soon as it is opened. Without the version, that is what the course's notebooks contain already.
"""

from typing import Any

from ipykernel.ipkernel import IPythonKernel


class CourseKernel(IPythonKernel):
    """IPython's kernel, with the same language information on every machine."""

    # What the course's notebooks contain.
    language_info: dict[str, Any] = {"name": "python"}  # noqa: RUF012 - as in the base class
