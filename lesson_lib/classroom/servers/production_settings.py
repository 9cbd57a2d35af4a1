"""A DAGSTER_HOME for production: the folder with the `dagster.yaml` that all processes of Dagster read."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from lesson_lib.pipeline.warehouse import DUCKDB_WRITER

_SETTINGS = """\
# Records: one database that all processes share.
storage:
  postgres:
    postgres_url: {url}

# DuckDB lets one process at a time write: of each pool, such as {pool}, one step runs at a time.
concurrency:
  pools:
    granularity: op
    default_limit: 1
  runs:
    max_concurrent_runs: 2

# Seconds between two looks at the queue of runs; the default is 5.
run_queue:
  dequeue_interval_seconds: 1

# A killed process does not give back its place in the pool, and its run does not end by itself.
run_monitoring:
  enabled: true
  poll_interval_seconds: 5
  free_slots_after_run_end_seconds: 5
  max_runtime_seconds: 14400

# A sensor ticks every 30 seconds: in days, how long the records of its ticks are kept (-1: for ever).
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days:
      skipped: 7
      failure: 30
      success: -1

# Nothing is reported to Dagster's makers, and their UI asks for no address.
telemetry:
  enabled: false
nux:
  enabled: false
"""


def format_production_settings(postgres_url: str | None = None) -> str:
    """Return the text of a `dagster.yaml` for production.

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
    url = json.dumps(postgres_url) if postgres_url else "{env: DAGSTER_PG_URL}"
    return _SETTINGS.format(url=url, pool=DUCKDB_WRITER)


def write_home(folder: Path, settings: str) -> Path:
    """Make a folder the DAGSTER_HOME with these settings, private if it is new, and return it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(settings, encoding="utf-8")
    return folder
