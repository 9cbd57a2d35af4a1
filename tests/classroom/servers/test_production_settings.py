"""The `dagster.yaml` for production: Dagster accepts it, and it has no secret."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.run_request import InstigatorType

from lesson_lib.classroom.servers.postgres import start_postgres
from lesson_lib.classroom.servers.production_settings import format_production_settings, write_home
from lesson_lib.pipeline.warehouse import DUCKDB_WRITER

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """Make an instance with the settings, on the PostgreSQL server that a variable names."""
    home = tmp_path_factory.mktemp("production") / "home"
    write_home(home, format_production_settings())
    assert home.stat().st_mode & 0o777 == 0o700
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_PG_URL", start_postgres().url)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield instance


def test_a_second_step_waits_until_the_first_one_has_left_the_pool(instance: dg.DagsterInstance) -> None:
    """The pool of the warehouse has one place, without a command that sets it."""
    slots = instance.event_log_storage
    slots.initialize_concurrency_limit_to_default(DUCKDB_WRITER)
    assert slots.claim_concurrency_slot(DUCKDB_WRITER, "first", "load").is_claimed
    assert not slots.claim_concurrency_slot(DUCKDB_WRITER, "second", "load").is_claimed


def test_runs_are_monitored_and_ticks_are_forgotten(instance: dg.DagsterInstance) -> None:
    """Of a sensor that ticks every 30 seconds, skipped ticks go after a week."""
    assert instance.run_monitoring_enabled
    days = instance.get_tick_retention_settings(InstigatorType.SENSOR)
    assert {status.value: kept for status, kept in days.items()}["SKIPPED"] == 7


def test_nothing_is_reported(instance: dg.DagsterInstance) -> None:
    """Dagster neither sends statistics nor asks for an address."""
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled


def test_all_other_settings_are_those_of_the_checkout() -> None:
    """What the course's `dagster.yaml` sets is the same in production."""
    course = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    production = yaml.safe_load(format_production_settings("postgresql://dagster@/postgres"))
    assert {name: production.pop(name) for name in course} == course
    assert sorted(production) == ["retention", "storage"]


def test_a_password_is_refused() -> None:
    """The message names the place where it belongs, and does not repeat it."""
    with pytest.raises(ValueError, match="environment variable") as raised:
        format_production_settings("postgresql+psycopg2://dagster:hunter2@db/dagster")
    assert "hunter2" not in str(raised.value)
