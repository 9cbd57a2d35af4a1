"""The two assets from end to end: what is loaded, recorded and refused."""

import dataclasses
import datetime as dt
import hashlib
import logging
import os
from typing import Any

import dagster as dg
import pytest

from lesson_lib.pipeline import (
    ChangedFile,
    InvalidKey,
    UnreadableFile,
    assets,
    register_keys,
    s3_partitions_def,
)
from lesson_lib.pipeline.source_files import SourceFile
from tests.pipeline.workspace import HEADER, IMPORT, LOAD, Workspace, priced


def test_a_file_becomes_its_rows(workspace: Workspace) -> None:
    """Each value of the file is in its column, beside the key."""
    workspace.add("acme")
    workspace.write(
        "acme", f"{HEADER}\n2018/01/22,4.25,100,425.0,-0.5,0.01\n2018-01-23,4.5,200,900.0,1e-3,33597290\n"
    )
    workspace.load("acme")
    assert workspace.rows() == {
        ("raw_partition_data", "acme"): [
            (dt.date(2018, 1, 22), 4.25, 100.0, 425.0, -0.5, 0.01),
            (dt.date(2018, 1, 23), 4.5, 200.0, 900.0, 0.001, 33597290.0),
        ]
    }


def test_both_assets_record_metadata_for_people(workspace: Workspace) -> None:
    """The import records the file, and the load records the rows."""
    workspace.add("acme", 1.5, 2.5)
    content = (workspace.source / "acme.csv").read_bytes()
    workspace.load("acme")
    assert workspace.metadata(IMPORT, "acme") == {
        "file": "acme.csv",
        "bytes": len(content),
        "header": "date, share_price, amount, spend, shift, spread",
        "bad prices": 0,
        "fingerprint": hashlib.sha256(content).hexdigest(),
        "source folder": str(workspace.source),
    }
    assert workspace.metadata(LOAD, "acme") == workspace.loading_records("acme", 2, replaced=0)


def test_loading_again_replaces_the_rows(loaded: Workspace) -> None:
    """After the second and the third load there are as many rows as after the first."""
    for _ in range(2):
        loaded.load("acme")
        assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}
    assert loaded.metadata(LOAD, "acme") == loaded.loading_records("acme", 2, replaced=2)


def test_a_corrected_file_replaces_the_rows_of_its_key_only(loaded: Workspace) -> None:
    """The old rows are gone, and the other customer's are unchanged."""
    loaded.write("acme", priced(3.25))
    loaded.load("acme")
    assert loaded.prices() == {"acme": [3.25], "globex": [9.75]}
    assert loaded.metadata(LOAD, "acme") == loaded.loading_records("acme", 1, replaced=2)


def test_a_key_is_a_value_and_never_sql(loaded: Workspace) -> None:
    """Quotes, blanks and letters of any alphabet load and replace under exactly their key."""
    odd = [
        "o'hare",
        "x'; DROP TABLE raw_partition_data; --",
        "two words",
        "café",
        "Ωμέγα 株式会社",
        '"',
        "%s {0}",
        "a.b",
    ]
    for price, key in enumerate(odd, start=1):
        loaded.add(key, price)
    for _ in range(2):
        loaded.load_range(odd[0], odd[-1])
        expected = {key: [float(price)] for price, key in enumerate(odd, start=1)}
        assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]} | expected


def test_a_range_of_keys_loads_in_one_run(loaded: Workspace) -> None:
    """Every key of the range, in the order of registration, gets its own rows and its own metadata."""
    loaded.add("zenith", 4.5)
    loaded.add("bluebird", 5.5, 6.5)
    loaded.write("globex", priced(10.5))
    loaded.load_range("globex", "bluebird")
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [10.5], "zenith": [4.5], "bluebird": [5.5, 6.5]}
    assert loaded.metadata(LOAD, "bluebird") == loaded.loading_records("bluebird", 2, replaced=0)
    assert loaded.metadata(LOAD, "globex") == loaded.loading_records("globex", 1, replaced=1)
    assert loaded.metadata(IMPORT, "zenith")["file"] == "zenith.csv"


def test_a_range_that_is_tried_again_records_the_files_of_its_last_try(
    loaded: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try has logged its files, and one is corrected before the second try."""
    checked = assets.check_prices

    def fail_once(files: list[SourceFile], **_: object) -> dg.AssetCheckResult:
        monkeypatch.setattr(assets, "check_prices", checked)
        loaded.write("globex", priced(10.5))
        raise ConnectionError(files[0].key)

    monkeypatch.setattr(assets, "check_prices", fail_once)
    again = dg.define_asset_job("again", [IMPORT, LOAD], op_retry_policy=dg.RetryPolicy(max_retries=1))
    definitions = dg.Definitions(assets=[IMPORT, LOAD], jobs=[again], resources=loaded.resources())
    ends = {"dagster/asset_partition_range_start": "acme", "dagster/asset_partition_range_end": "globex"}
    definitions.resolve_job_def("again").execute_in_process(instance=loaded.instance, tags=ends)
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [10.5]}
    content = (loaded.source / "globex.csv").read_bytes()
    assert loaded.metadata(IMPORT, "globex")["fingerprint"] == hashlib.sha256(content).hexdigest()


def get_statuses(workspace: Workspace) -> dict[str, tuple[str, str]]:
    """Return Dagster's status of each key: that of its import, and that of its load."""
    keys = workspace.keys()
    imports, loads = (
        workspace.instance.get_status_by_partition(asset.key, keys, s3_partitions_def) or {}
        for asset in (IMPORT, LOAD)
    )
    found = {key: (imports[key], loads[key]) for key in keys}
    return {key: (str(a and a.value), str(b and b.value)) for key, (a, b) in found.items()}


def break_four_keys(workspace: Workspace) -> None:
    """Add keys that fail in four places: the key itself, a missing file, a bad price, and a value."""
    workspace.instance.add_dynamic_partitions("s3", ["../evil", "gone"])
    workspace.add("free", 0)
    workspace.add("endless", 1)
    workspace.write("endless", priced("inf"))
    workspace.add("zenith", 4.5)


BROKEN = ["../evil", "gone", "free", "endless"]


def test_a_broken_file_of_a_range_fails_alone(loaded: Workspace) -> None:
    """The other keys are loaded and recorded, and the run fails with the reasons."""
    break_four_keys(loaded)
    loaded.write("acme", priced(100.5))
    with pytest.raises(UnreadableFile) as failed:
        loaded.load_range("acme", "zenith")
    assert str(failed.value).startswith("The run refused 4 of its 7 keys, and materialized the others.")
    for reason in (
        "'../evil' cannot be a partition key",
        "'gone' has no file",
        "free.csv: line 2: share_price is '0', not above zero",
        "endless.csv: line 2: share_price is 'inf', not a finite decimal number",
    ):
        assert reason in str(failed.value)
    assert loaded.prices() == {"acme": [100.5], "globex": [9.75], "zenith": [4.5]}
    fine = dict.fromkeys(("acme", "globex", "zenith"), ("MATERIALIZED", "MATERIALIZED"))
    assert get_statuses(loaded) == fine | dict.fromkeys(BROKEN, ("MATERIALIZED", "FAILED"))
    assert loaded.metadata(LOAD, "acme") == loaded.loading_records("acme", 1, replaced=2)


def test_a_load_imports_a_refused_file_again(loaded: Workspace) -> None:
    """Dagster retries only what failed, which is the load; it refuses what is still broken."""
    break_four_keys(loaded)
    with pytest.raises(UnreadableFile):
        loaded.load_range("acme", "zenith")
    for key, price in {"gone": 5.5, "free": 6.5}.items():
        loaded.write(key, priced(price))
        loaded.load(key, assets=[LOAD])
        assert loaded.metadata(LOAD, key) == loaded.loading_records(key, 1, replaced=0)
        content = (loaded.source / f"{key}.csv").read_bytes()
        assert loaded.metadata(IMPORT, key)["fingerprint"] == hashlib.sha256(content).hexdigest()
        assert get_statuses(loaded)[key] == ("MATERIALIZED", "MATERIALIZED")
    with loaded.raises(UnreadableFile, "endless.csv: line 2: share_price is 'inf'"):
        loaded.load("endless", assets=[LOAD])
    with loaded.raises(InvalidKey, "'../evil'"):
        loaded.load("../evil", assets=[LOAD])
    loaded.write("free", priced(-1))
    loaded.load("free", assets=[IMPORT], raise_on_error=False)
    with loaded.raises(UnreadableFile, "free.csv: line 2: share_price is '-1', not above zero"):
        loaded.load("free", assets=[LOAD])


def test_an_import_of_a_range_without_its_load_fails_for_the_broken_file_alone(loaded: Workspace) -> None:
    """No later step would fail, so this one does."""
    loaded.add("zenith", 4.5)
    loaded.write("globex", "date\n")
    ends = {"dagster/asset_partition_range_start": "acme", "dagster/asset_partition_range_end": "zenith"}
    with loaded.raises(
        UnreadableFile, "The run refused 1 of its 3 keys", "globex.csv: line 1: missing share_price"
    ):
        loaded.load(tags=ends, assets=[IMPORT])
    assert {key: imported for key, (imported, _) in get_statuses(loaded).items()} == {
        "acme": "MATERIALIZED",
        "globex": "FAILED",
        "zenith": "MATERIALIZED",
    }


def test_no_import_of_a_range_succeeds_without_a_good_file(loaded: Workspace) -> None:
    """The folder may not be mounted, which a retry of the import, and not of the load, would notice."""
    loaded.source.rename(loaded.source.with_name("elsewhere"))
    with loaded.raises(UnreadableFile, "The run refused all 2 keys.", "there is no such folder"):
        loaded.load_range("acme", "globex")
    assert get_statuses(loaded) == dict.fromkeys(("acme", "globex"), ("FAILED", "FAILED"))


def test_many_refused_keys_are_in_the_log(workspace: Workspace) -> None:
    """The error of a run shows five reasons, and says where the others are."""
    with dg.DagsterInstance.ephemeral() as talkative:
        logged = Workspace(workspace.source, workspace.database, talkative)
        for number in range(7):
            logged.add(f"k{number}", "n/a")
        with pytest.raises(UnreadableFile) as failed:
            logged.load_range("k0", "k6")
        (run,) = talkative.get_runs(limit=1)
        messages = [entry.user_message for entry in talkative.all_logs(run.run_id)]
    reasons = [f"k{number}.csv: line 2: share_price is 'n/a'" for number in range(7)]
    assert [reason in str(failed.value) for reason in reasons] == [True] * 5 + [False] * 2
    assert str(failed.value).startswith("The run refused all 7 keys. k0.csv: line 2")
    assert str(failed.value).endswith(" The run's log has the other 2.")
    assert [sum(text.startswith(reason) for text in messages) for reason in reasons] == [1] * 7


def test_a_reversed_range_is_refused(shared: Workspace) -> None:
    """It contains no key, and a run that did nothing must not look like success."""
    with shared.raises(InvalidKey, "its end was registered before its start. Swap them."):
        shared.load_range("globex", "acme")


@pytest.mark.parametrize("assets", [[IMPORT], [LOAD]], ids=["import", "load"])
def test_a_run_without_a_key_is_refused(shared: Workspace, assets: list[dg.AssetsDefinition]) -> None:
    """Dagster lets a partitioned asset run without a key."""
    with shared.raises(InvalidKey, "This run has no partition key", "partition_key='acme'"):
        shared.load(assets=assets)


@pytest.mark.parametrize("assets", [[IMPORT], [LOAD]], ids=["import", "load"])
@pytest.mark.parametrize("key", ["../source/acme", "ac[m]e", "acme\n", "2018-01-29"])
def test_a_key_that_slipped_past_register_keys_is_refused(
    shared: Workspace, key: str, assets: list[dg.AssetsDefinition]
) -> None:
    """Dagster checks no key, so the assets do, before they touch a file."""
    shared.instance.add_dynamic_partitions("s3", [key])
    with shared.raises(InvalidKey, repr(key), "Rename the file"):
        shared.load(key, assets=assets)


def test_a_key_that_is_not_normalized_is_refused(shared: Workspace) -> None:
    """Its rows would get another spelling of the same name."""
    shared.instance.add_dynamic_partitions("s3", ["cafe\u0301"])
    shared.write("cafe\u0301", priced(1))
    with shared.raises(InvalidKey, "is not normalized", "register_keys"):
        shared.load("cafe\u0301")


def test_the_assets_can_be_called_without_a_run(workspace: Workspace) -> None:
    """In a unit test, they return what a run would record."""
    workspace.add("acme", 1.5, 2.5)
    workspace.load("acme", assets=[IMPORT])  # a call records nothing, and the load wants its import recorded
    with dg.build_asset_context(partition_key="acme", instance=workspace.instance) as context:
        imported = IMPORT(context, source=workspace.resources()["source"])
        loaded = LOAD(context, **workspace.resources())
    assert imported.metadata == workspace.metadata(IMPORT, "acme")
    assert [result.passed for result in imported.check_results] == [True]
    assert loaded.metadata == workspace.loading_records("acme", 2, replaced=0)
    assert workspace.prices() == {"acme": [1.5, 2.5]}


def test_columns_are_matched_by_name(loaded: Workspace) -> None:
    """A file with its columns in another order gives the same rows."""
    before = loaded.rows()
    lines = [line.split(",") for line in priced(1.5, 2.5).split()]
    loaded.write("acme", "".join(",".join(reversed(line)) + "\n" for line in lines))
    loaded.load("acme")
    assert loaded.metadata(IMPORT, "acme")["header"] == "spread, shift, spend, amount, share_price, date"
    assert loaded.rows() == before


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "empty, without even a header"),
        (priced(1, 2) + "2018/01/22,1,1,1,1\n", "line 4: 5 values for 6 columns"),
        (priced(1, "nan"), "line 3: share_price is 'nan', not a finite decimal number"),
        (priced(1) + "22.01.2018,1,1,1,1,1\n", "line 3: date is '22.01.2018', not a day written YYYY-MM-DD"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused(shared: Workspace, content: str, fault: str) -> None:
    """The error names the file, the line, the fault and the next move; all rows stay."""
    shared.write("acme", content)
    what_next = "Correct the file and materialize 'acme' again; its earlier rows are untouched."
    with shared.raises(UnreadableFile, f"acme.csv: {fault}", what_next):
        shared.load("acme")


def test_harmless_differences_load(loaded: Workspace) -> None:
    """Spreadsheets on other systems write the same rows in other ways."""
    same = {
        "BOM": b"\xef\xbb\xbf" + priced(3).encode(),
        "CRLF": priced(3).replace("\n", "\r\n"),
        "CR": priced(3).replace("\n", "\r"),
        "no end of line": priced(3).rstrip("\n"),
        "blank lines": priced(3) + "\n\n",
        "quotes": priced('"3"').replace("date", '"date"'),
    }
    for key, content in same.items():
        loaded.add(key)
        loaded.write(key, content)
    loaded.load_range("BOM", "quotes")
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]} | {key: [3.0] for key in same}


def test_a_key_without_a_file_is_refused(shared: Workspace) -> None:
    """The error names the key, the file and the folder, and both ways out."""
    register_keys(shared.instance, ["zenith"])
    with shared.raises(
        UnreadableFile,
        f"'zenith' has no file: zenith.csv is not in {shared.source}",
        "Put it there and materialize 'zenith' again, or retire the key.",
    ):
        shared.load("zenith")


def test_a_file_that_vanished_after_its_import_is_refused(shared: Workspace) -> None:
    """Its rows stay, although its file is gone."""
    (shared.source / "acme.csv").unlink()
    with shared.raises(UnreadableFile, "'acme' has no file: acme.csv is not in"):
        shared.load("acme", assets=[LOAD])


def test_a_file_that_changed_after_its_import_is_refused(shared: Workspace) -> None:
    """This holds even if size and time of change are the same."""
    path = shared.source / "acme.csv"
    shared.load("acme", assets=[IMPORT])
    before = path.stat()
    shared.write("acme", priced(1.5, 8.5))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    with shared.raises(
        ChangedFile,
        "acme.csv changed after it was imported. Materialize the import of 'acme' again, and then its rows",
        "its earlier rows are untouched",
    ):
        shared.load("acme", assets=[LOAD])


@pytest.mark.parametrize("content", ["", priced("nan")])
def test_a_file_that_was_broken_after_its_import_counts_as_changed(shared: Workspace, content: str) -> None:
    """The first fault to report is that the file has changed, whatever DuckDB reports."""
    shared.write("acme", content)
    with shared.raises(ChangedFile, "acme.csv changed after it was imported"):
        shared.load("acme", assets=[LOAD])


def test_a_file_that_was_never_imported_is_refused(shared: Workspace) -> None:
    """The error names the asset to materialize."""
    shared.add("zenith", 1)
    with shared.raises(
        UnreadableFile,
        "zenith.csv was never imported into this instance",
        "Materialize import_dynamic_partition_file for 'zenith', too.",
    ):
        shared.load("zenith", assets=[LOAD])


@pytest.mark.parametrize("price", ["0", "-4.25", "0e5"])
def test_a_price_of_zero_or_less_stops_the_load(loaded: Workspace, price: str) -> None:
    """The import is recorded, its blocking check fails and names the line, and the load does not run."""
    loaded.write("acme", priced(3.5, price))
    with loaded.raises(dg.DagsterError, "import_dynamic_partition_file: share_prices_are_positive"):
        loaded.load("acme")
    assert loaded.metadata(IMPORT, "acme")["bad prices"] == 1
    assert loaded.times_materialized(IMPORT, "acme") == 2
    assert loaded.times_materialized(LOAD, "acme") == 1


def test_the_price_check_names_file_and_line(loaded: Workspace) -> None:
    """It names the first bad price of each bad file of a range, and no other."""
    loaded.write("globex", priced(3.5, -1))
    tags = {"dagster/asset_partition_range_start": "acme", "dagster/asset_partition_range_end": "globex"}
    done = loaded.load(tags=tags, raise_on_error=False)
    (evaluation,) = done.get_asset_check_evaluations()
    assert not done.success
    assert (evaluation.check_name, evaluation.passed, evaluation.blocking) == (
        "share_prices_are_positive",
        False,
        True,
    )
    assert evaluation.description == (
        "globex.csv: line 3: share_price is '-1', not above zero. "
        "Correct the file and materialize 'globex' again; nothing is loaded until then."
    )
    assert evaluation.metadata["files"].value == ["globex.csv"]
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}


def test_the_log_of_the_run_reports_why_the_price_check_failed(workspace: Workspace) -> None:
    """Dagster's own error names the check only, and its event with the description is at level DEBUG."""
    with dg.DagsterInstance.ephemeral() as instance:
        talking = dataclasses.replace(workspace, instance=instance)
        talking.add("acme", 1.5, -1)
        done = talking.load("acme", raise_on_error=False)
        errors = [log.user_message for log in instance.all_logs(done.run_id) if log.level >= logging.ERROR]
    assert errors[0] == (
        "acme.csv: line 3: share_price is '-1', not above zero. "
        "Correct the file and materialize 'acme' again; nothing is loaded until then."
    )


def test_the_price_check_ignores_a_price_that_is_not_a_number(loaded: Workspace) -> None:
    """The first price that is not above zero is named, whatever its fault."""
    loaded.write("acme", priced("1-2", -1))
    done = loaded.load("acme", raise_on_error=False)
    (evaluation,) = done.get_asset_check_evaluations()
    assert not evaluation.passed
    assert evaluation.description is not None
    assert evaluation.description.startswith("acme.csv: line 2: share_price is '1-2', not a finite decimal")
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}


def test_a_load_alone_does_not_pass_by_the_failed_price_check(shared: Workspace) -> None:
    """Dagster blocks only within a run; the load reads what the import recorded."""
    shared.write("acme", priced(0))
    shared.load("acme", assets=[IMPORT], raise_on_error=False)
    with shared.raises(UnreadableFile, "acme.csv: line 2: share_price is '0', not above zero. Correct the"):
        shared.load("acme", assets=[LOAD])
    shared.write("acme", priced(4.25))
    with shared.raises(
        ChangedFile, "acme.csv changed after it was imported. Materialize the import of 'acme'"
    ):
        shared.load("acme", assets=[LOAD])


def test_the_days_go_to_a_table_of_their_own(loaded: Workspace) -> None:
    """The daily pair loads and replaces like the customers' pair, and touches none of their rows."""
    before = loaded.rows()
    loaded.write("2018-01-23", priced(6.5))
    row = (dt.date(2018, 1, 22), 6.5, 100.0, 425.0, -0.5, 0.01)
    for _ in range(2):
        loaded.load_day("2018-01-23")
        assert loaded.rows() == before | {("raw_daily_data", "2018-01-23"): [row]}
    loaded.write("2018-01-23", priced("n/a"))
    with loaded.raises(UnreadableFile, "2018-01-23.csv: line 2: share_price is 'n/a'"):
        loaded.load_day("2018-01-23")


@pytest.mark.parametrize(
    "recorded",
    [
        {},
        {"fingerprint": "ab", "header": "date, share_price"},
        {"fingerprint": "ab", "header": HEADER.replace(",", ", "), "bytes": "many", "bad prices": 0},
        {"fingerprint": "ab", "header": "name, price", "bytes": 1, "bad prices": 0},
        {"keys of this run": 2},
    ],
)
def test_an_import_that_another_program_recorded_is_none(shared: Workspace, recorded: dict[str, Any]) -> None:
    """Its record lacks what the load needs."""
    reported = dg.AssetMaterialization(IMPORT.key, partition="acme", metadata=recorded)
    shared.instance.report_runless_asset_event(reported)
    with shared.raises(UnreadableFile, "acme.csv was never imported into this instance"):
        shared.load("acme", assets=[LOAD])


@pytest.mark.parametrize("by_key", [{"acme": 7}, {"acme": None, "globex": []}, {}, [], "acme"])
def test_a_range_that_another_program_recorded_does_not_count(
    loaded: Workspace, by_key: dict[str, Any] | list[Any] | str
) -> None:
    """Its observation has the same name as ours, but another form."""

    @dg.op
    def record(context: dg.OpExecutionContext) -> None:
        context.log_event(dg.AssetObservation(IMPORT.key, metadata={"by key": dg.MetadataValue.json(by_key)}))
        message = {"keys of this run": 1}
        context.log_event(dg.AssetMaterialization(IMPORT.key, partition="acme", metadata=message))

    @dg.job
    def of_another_program() -> None:
        record()

    of_another_program.execute_in_process(instance=loaded.instance)
    assert loaded.metadata(IMPORT, "acme") == {}
    with loaded.raises(UnreadableFile, "acme.csv was never imported into this instance"):
        loaded.load("acme", assets=[LOAD])


def test_a_new_instance_knows_no_key_and_no_import(loaded: Workspace) -> None:
    """The rows outlive the instance, but keys and materializations do not."""
    with dg.DagsterInstance.ephemeral() as instance:
        later = dataclasses.replace(loaded, instance=instance)
        register_keys(instance, ["acme"])
        with later.raises(UnreadableFile, "acme.csv was never imported into this instance"):
            later.load("acme", assets=[LOAD])
        later.load("acme")
        assert later.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}
