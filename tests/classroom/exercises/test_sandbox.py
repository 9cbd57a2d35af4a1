"""Each scenario finds an instance and a database of its own, although making them is shared."""

import dagster as dg
import pytest

from lesson_lib.classroom.exercises.sandbox import open_instance, open_sandbox


@dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
def table() -> None:
    """An asset that does nothing."""


def test_the_next_scenario_finds_nothing_of_the_one_before() -> None:
    """Keys, runs, events, files and tables are gone."""
    with open_sandbox() as first:
        first.materialize([table], "acme")
        first.write("new customer", "a file")
        first.query("create table kept (x int)")
    with open_sandbox() as second:
        assert second.instance is first.instance
        assert second.instance.get_dynamic_partitions("s3") == []
        assert second.instance.get_runs_count() == 0
        assert second.instance.get_latest_materialization_event(table.key) is None
        assert not (second.lab.source / "new customer.csv").exists()
        assert second.query("from duckdb_tables()") == []


def test_two_scenarios_at_once_have_two_instances() -> None:
    """The second one does not share the first one's instance while it is in use."""
    with open_instance() as first, open_instance() as second:
        first.add_dynamic_partitions("s3", ["acme"])
        assert second.get_dynamic_partitions("s3") == []


def test_an_instance_that_was_closed_or_interrupted_is_not_used_again() -> None:
    """An answer can close its instance, and an interrupted one can be in any state."""
    with open_instance() as closed:
        closed.dispose()
    with pytest.raises(KeyboardInterrupt), open_instance() as interrupted:
        raise KeyboardInterrupt
    with open_instance() as first, open_instance() as second:
        assert {first, second}.isdisjoint({closed, interrupted})
        first.add_dynamic_partitions("s3", ["acme"])
        assert first.get_dynamic_partitions("s3") == ["acme"]
