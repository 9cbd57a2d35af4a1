"""A DAGSTER_HOME for production: the folder with the `dagster.yaml` that all processes of Dagster read."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from lesson_lib.course_data import deploy_folder

_URL = "{env: DAGSTER_PG_URL}"  # in the file


def format_production_settings(postgres_url: str | None = None) -> str:
    """Return the text of a `dagster.yaml` for production: that of the folder `deploy`.

    Args:
        postgres_url: the address of the database, such as `postgresql+psycopg2://dagster@/postgres?host=/run`;
            None if all processes have it in the environment variable DAGSTER_PG_URL.

    Raises:
        ValueError: the address has a password, which every reader of the file would see.
    """
    if postgres_url and urlsplit(postgres_url).password:
        raise ValueError(
            "The address has a password, and dagster.yaml is no place for secrets: put the address in the "
            "environment variable DAGSTER_PG_URL, and leave it out here."
        )
    settings = (deploy_folder() / "dagster.yaml").read_text(encoding="utf-8")
    return settings.replace(_URL, json.dumps(postgres_url)) if postgres_url else settings


def write_home(folder: Path, settings: str) -> Path:
    """Make a folder the DAGSTER_HOME with these settings, private if it is new, and return it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(settings, encoding="utf-8")
    return folder
