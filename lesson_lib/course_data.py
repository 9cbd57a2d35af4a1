"""Where the course's data lies, in a checkout and in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_folder() -> Path:
    """Return the folder that holds `source/` and `arrivals/`.

    Raises:
        FileNotFoundError: neither the wheel's copy nor the checkout's is there.
    """
    # The wheel carries its copy inside the package; an editable install reads the checkout's.
    for folder in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        if (folder / "source").is_dir():
            return folder
    raise FileNotFoundError(
        f"The course's data is missing: no data/source in {_PACKAGE} or beside it. "
        "Install the course again, or restore the folder with `git checkout -- data`."
    )
