"""The schedule requests a day's file when the day is over."""

import datetime as dt

import dagster as dg
import pytest

from lesson_lib.pipeline import defs, import_partition_schedule

# Dagster's own schedule calls what Dagster has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*run_request_for_partition:DeprecationWarning")


def request_at(moment: dt.datetime) -> list[tuple[str | None, str | None, str | None]]:
    """Return run key, job and partition key of the schedule's request at a time."""
    schedule = defs.resolve_schedule_def(import_partition_schedule.name)
    with dg.build_schedule_context(scheduled_execution_time=moment) as context:
        requests = schedule.evaluate_tick(context).run_requests or []
    return [(request.run_key, request.job_name, request.partition_key) for request in requests]


def test_the_schedule_follows_the_partitions_definition() -> None:
    """The daily job runs every day at midnight, UTC."""
    schedule = defs.resolve_schedule_def("import_partition_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 0 * * *", "UTC")
    assert schedule.job_name == "import_partition_job"


@pytest.mark.parametrize(("midnight", "day"), [(23, 22), (24, 23), (27, 26)])
def test_a_day_is_requested_at_the_midnight_that_ends_it(midnight: int, day: int) -> None:
    """There is one run, whose run key is the day."""
    moment = dt.datetime(2018, 1, midnight, tzinfo=dt.UTC)
    assert request_at(moment) == [(f"2018-01-{day}", "import_partition_job", f"2018-01-{day}")]


def test_no_run_is_requested_before_the_first_day_is_over() -> None:
    """There is no file to load yet."""
    assert request_at(dt.datetime(2018, 1, 22, tzinfo=dt.UTC)) == []


def test_the_last_day_is_always_requested_under_the_same_run_key() -> None:
    """Dagster drops a known run key, so no run follows the last one."""
    (last,) = request_at(dt.datetime(2018, 1, 27, tzinfo=dt.UTC))
    assert request_at(dt.datetime(2018, 2, 15, tzinfo=dt.UTC)) == [last]
