"""The folders of the course's data, notebooks and settings, in a checkout and in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_folder() -> Path:
    """Return the folder that holds `source/` and `arrivals/`.

    Raises:
        FileNotFoundError: neither the wheel's copy nor the checkout's is there.
    """
    return _found("data", "source")


def notebooks_folder() -> Path:
    """Return the folder that holds the course's notebooks.

    Raises:
        FileNotFoundError: neither the wheel's copy nor the checkout's is there.
    """
    return _found("notebooks", "01_irregular_partitions.ipynb")


def deploy_folder() -> Path:
    """Return the folder that holds the settings for production.

    Raises:
        FileNotFoundError: neither the wheel's copy nor the checkout's is there.
    """
    return _found("deploy", "dagster.yaml")


def _found(name: str, part: str) -> Path:
    # The wheel carries its copy inside the package; an editable install reads the checkout's.
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if (folder / part).exists():
            return folder
    raise FileNotFoundError(
        f"A part of the course is missing: no {name}/{part} in {_PACKAGE} or beside it. "
        f"Install the course again, or restore the folder with `git checkout -- {name}`."
    )
