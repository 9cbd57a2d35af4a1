"""What the result of `dg.materialize` shows."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from lesson_lib.classroom import run_log
from lesson_lib.classroom.display.board import Board, Fold, Graph
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.run_view import describe_run, explain_failure
from lesson_lib.classroom.display.text import render_text
from lesson_lib.pipeline import SourceFolder, import_dynamic_partition_file
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected

s3 = dg.DynamicPartitionsDefinition(name="s3")


@dg.asset(partitions_def=s3, check_specs=[dg.AssetCheckSpec("not_bad", asset="imported", blocking=True)])
def imported(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Record something of every kind."""
    context.log.info("looking at %s", context.partition_key)
    table = dg.TableMetadataValue([dg.TableRecord({"a": 1})], dg.TableSchema([dg.TableColumn("a")]))
    return dg.MaterializeResult(
        metadata={"rows": 8, "file": dg.MetadataValue.path("/somewhere/acme.csv"), "sample": table},
        check_results=[dg.AssetCheckResult(passed="bad" not in context.partition_key, description="Seen.")],
    )


@dg.asset(partitions_def=s3, deps=[imported])
def loaded(context: dg.AssetExecutionContext) -> None:
    """Fail for one key."""
    if context.partition_key == "boom":
        raise ValueError("no luck with '/somewhere/boom.csv'\n\nLINE 1: select")


@dg.asset(partitions_def=s3)
def ranged(context: dg.AssetExecutionContext) -> None:
    """Take a range of keys."""
    for number, key in enumerate(context.partition_keys):
        context.add_asset_metadata({"rows": number}, partition_key=key)


@pytest.fixture(autouse=True)
def keep_log() -> Iterator[None]:
    """Keep the log of the runs of a test."""
    with run_log.keep_logs():
        yield


def run(*assets: dg.AssetsDefinition, key: str | None = None, **options: object) -> dg.ExecuteInProcessResult:
    """Materialize assets in an instance that knows some keys, and return the result, failed or not."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("s3", ["acme", "bad", "boom", *HOSTILE_NAMES])
        return dg.materialize(
            list(assets), partition_key=key, instance=instance, raise_on_error=False, **options
        )


def find_graph(board: Board) -> Graph:
    """Return the board's graph."""
    return next(block for block in board.blocks if isinstance(block, Graph))


def test_a_success_shows_keys_assets_metadata_checks_and_own_log_lines() -> None:
    """The board of a successful run shows each asset after those that it needs, with its metadata."""
    assert render_text(describe_run(run(imported, loaded, key="acme"))) == (
        "✓ Run succeeded: partition acme\n"
        "  ✓ imported: materialized\n"
        "      rows: 8\n"
        "      file: …/acme.csv\n"
        "      sample: 1 record\n"
        "      ✓ check not_bad passed: Seen.\n"
        "  ✓ loaded: materialized, after imported\n"
        "  The run's log, with 1 line of your own:\n"
        "    INFO    imported: looking at acme"
    )


def test_a_failure_shows_its_cause_and_what_did_not_run() -> None:
    """The asset that failed shows its cause without folders, and the traceback is folded."""
    board = describe_run(run(imported, loaded, key="boom"))
    text = render_text(board)
    assert text.startswith("✗ Run failed: partition boom\n  ✓ imported: materialized\n")
    assert "  ✗ loaded: failed, after imported\n      ✗ ValueError: no luck with '…/boom.csv'\n" in text
    assert "Traceback" not in text
    (folded,) = (block for block in board.blocks if isinstance(block, Fold) and "traceback" in block.summary)
    assert folded.summary == "The full traceback of loaded"
    assert 'raise ValueError("no luck' in folded.text
    assert '"dagster/' in folded.text
    assert str(Path(dg.__file__).parent) not in folded.text


def test_a_blocking_check_shows_that_the_asset_was_materialized() -> None:
    """Misconception 17: a failed check stops the next assets, but its own asset stays materialized."""
    text = render_text(describe_run(run(imported, loaded, key="bad")))
    assert "  ! imported: materialized; its check blocks the rest\n" in text
    assert "      ✗ check not_bad failed: Seen.\n" in text
    assert "  ○ loaded: not run, after imported" in text


def test_a_blocking_check_of_its_own_shows_what_it_found_once() -> None:
    """A check that runs as its own step shows its finding, without Dagster's error about it."""

    @dg.asset
    def checked() -> None: ...

    @dg.asset_check(asset=checked, blocking=True)
    def sound() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description="a.csv: line 3 is empty. Correct the file.")

    @dg.asset(deps=[checked])
    def after() -> None: ...

    assert render_text(describe_run(run(checked, sound, after))) == (
        "✗ Run failed\n"
        "  ! checked: materialized; its check blocks the rest\n"
        "      ✗ check sound failed: a.csv: line 3 is empty. Correct the file.\n"
        "  ○ after: not run, after checked"
    )


def test_a_run_that_a_check_stopped_failed_for_what_the_check_found() -> None:
    """The failure of a run is the check's finding instead of Dagster's error, which only has the name."""
    assert explain_failure(run(imported, key="bad")) == "check not_bad failed: Seen."
    assert explain_failure(run(imported, loaded, key="boom")) == "ValueError: no luck with '…/boom.csv'"


def test_a_range_of_keys_shows_each_keys_metadata() -> None:
    """A run for a range counts its keys, and shows the metadata of each key."""
    tags = {"dagster/asset_partition_range_start": "acme", "dagster/asset_partition_range_end": "boom"}
    assert render_text(describe_run(run(ranged, tags=tags))).splitlines()[:5] == [
        "✓ Run succeeded: partitions acme to boom, 3 keys materialized",
        "  ✓ ranged: materialized 3 partitions",
        "      acme: rows 0",
        "      bad: rows 1",
        "      boom: rows 2",
    ]


def test_a_failed_range_shows_what_it_has_recorded() -> None:
    """The result of such a run omits what `context.log_event` recorded; the board counts it."""

    @dg.asset(partitions_def=ranged.partitions_def)
    def partly(context: dg.AssetExecutionContext) -> None:
        """Record two keys, and fail for the third."""
        for key in context.partition_keys[:2]:
            context.log_event(dg.AssetMaterialization(context.asset_key, partition=key, metadata={"rows": 1}))
        raise ValueError("boom.csv is broken")

    tags = {"dagster/asset_partition_range_start": "acme", "dagster/asset_partition_range_end": "boom"}
    assert render_text(describe_run(run(partly, tags=tags))).splitlines()[:3] == [
        "✗ Run failed: partitions acme to boom, 2 keys materialized",
        "  ✗ partly: materialized 2 partitions, then failed",
        "      ✗ ValueError: boom.csv is broken",
    ]


def test_a_reversed_range_has_no_key() -> None:
    """A reversed range has no keys, although Dagster records a materialization without a key."""
    tags = {"dagster/asset_partition_range_start": "boom", "dagster/asset_partition_range_end": "acme"}
    assert render_text(describe_run(run(ranged, tags=tags))).splitlines()[:3] == [
        "! Run succeeded: partitions boom to acme, 0 keys materialized",
        "  ○ ranged: ran without keys",
        "  A range contains no keys if its end was registered before its start. Did you mean to swap them?",
    ]


def test_a_failed_step_with_a_check_is_shown_once() -> None:
    """One step may belong to an asset and its check, and its error is shown once."""
    tags = {"dagster/asset_partition_range_start": "acme", "dagster/asset_partition_range_end": "boom"}
    messages = [
        line.text for box in find_graph(describe_run(run(imported, tags=tags))).boxes for line in box.lines
    ]
    assert [text.partition(":")[0] for text in messages] == ["DagsterInvariantViolationError"]


def test_a_job_without_assets_shows_its_steps() -> None:
    """The board of a job of ops shows its steps."""

    @dg.op
    def greet() -> None:
        """Do nothing."""

    @dg.job
    def greeting() -> None:
        greet()

    lines = render_text(describe_run(greeting.execute_in_process())).splitlines()
    assert lines[:2] == ["✓ Run succeeded", "  ✓ greet: succeeded"]


def test_a_check_that_ran_alone_shows_its_asset_as_not_part_of_the_run() -> None:
    """A check that ran alone shows that its asset was not part of the run."""

    @dg.asset
    def table() -> None:
        """Hold rows."""

    @dg.asset_check(asset=table)
    def looks_odd() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, description="Odd.")

    result = dg.materialize([table, looks_odd], selection=dg.AssetSelection.checks(looks_odd))
    assert render_text(describe_run(result)).splitlines() == [
        "! Run succeeded, 1 check failed",
        "  table: not part of this run",
        "      ! check looks_odd failed, as a warning only: Odd.",
    ]


def test_many_assets_are_shortened() -> None:
    """Of forty assets, thirty are boxes, and the others are listed by name."""

    @dg.multi_asset(specs=[dg.AssetSpec(f"asset_{number:03}") for number in range(40)])
    def many() -> Iterator[dg.MaterializeResult]:
        for number in range(40):
            yield dg.MaterializeResult(asset_key=f"asset_{number:03}")

    board = describe_run(dg.materialize([many]))
    (graph,) = (block for block in board.blocks if isinstance(block, Graph))
    assert len(graph.boxes) == 30
    assert "And 10 more assets: asset_030, " in render_text(board)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_keys_and_messages_are_only_text(name: str) -> None:
    """A hostile key or message is shown as text, and the board stays small."""

    @dg.asset(partitions_def=s3)
    def fails(context: dg.AssetExecutionContext) -> None:
        context.log.info(context.partition_key)
        raise ValueError(context.partition_key)

    board = describe_run(run(fails, key=name))
    assert find_injected(render_html(board)) == []
    assert len(render_html(board).encode()) < 60_000
    assert len(render_text(board)) < 3_000
    assert all(line.isprintable() for line in render_text(board).split("\n"))


def test_assets_whose_step_has_another_name_show_their_failure() -> None:
    """Assets of one function, of a graph, or with a prefix show the cause of their failure."""

    @dg.multi_asset(specs=[dg.AssetSpec("first"), dg.AssetSpec(["shop", "second"])])
    def several() -> tuple[None, None]:
        raise ValueError("several")

    @dg.op
    def inner() -> None:
        raise ValueError("inner")

    @dg.graph_asset
    def outer() -> None:
        return inner()

    @dg.asset(key=["shop", "a-b"])
    def prefixed() -> None:
        raise ValueError("prefixed")

    assert render_text(describe_run(run(several, outer, prefixed))).splitlines() == [
        "✗ Run failed",
        "  ✗ first: failed",
        "      ✗ ValueError: several",
        "  ✗ outer: failed",
        "      ✗ ValueError: inner",
        "  ✗ shop/a-b: failed",
        "      ✗ ValueError: prefixed",
        "  ✗ shop/second: failed",
        "      ✗ ValueError: several",
    ]


def test_a_resource_that_cannot_start_is_the_cause() -> None:
    """The error of a resource stands below the assets with its traceback, since no step began."""

    @dg.resource
    def broken(_: dg.InitResourceContext) -> None:
        raise ValueError("no connection")

    @dg.asset(required_resource_keys={"broken"})
    def needs() -> None:
        """Never run."""

    board = describe_run(run(needs, resources={"broken": broken}))
    assert render_text(board).splitlines() == [
        "✗ Run failed",
        "  ○ needs: not run",
        "  ✗ ValueError: no connection",
    ]
    assert "The full traceback" in [block.summary for block in board.blocks if isinstance(block, Fold)]


def test_a_check_that_raises_is_shown_at_its_asset() -> None:
    """The error of a check is shown at its asset, which was materialized."""

    @dg.asset
    def table() -> None:
        """Hold rows."""

    @dg.asset_check(asset=table)
    def looks() -> dg.AssetCheckResult:
        raise ValueError("blind")

    assert render_text(describe_run(run(table, looks))).splitlines() == [
        "✗ Run failed",
        "  ✓ table: materialized",
        "      ✗ check looks raised ValueError: blind",
    ]


def test_what_was_skipped_or_made_nothing_did_not_succeed() -> None:
    """A skipped op and an asset that yields nothing are not marked as successful."""

    @dg.op(out={"yes": dg.Out(is_required=False), "no": dg.Out(is_required=False)})
    def branch() -> Iterator[dg.Output]:
        yield dg.Output(1, "yes")

    @dg.op
    def after(value: int) -> int:
        return value

    @dg.job
    def branching() -> None:
        yes, no = branch()
        after.alias("after_yes")(yes)
        after.alias("after_no")(no)

    @dg.asset(output_required=False)
    def silent() -> Iterator[dg.Output]:
        yield from ()

    assert set(render_text(describe_run(branching.execute_in_process())).splitlines()[1:]) == {
        "  ✓ branch: succeeded",
        "  ✓ after_yes: succeeded",
        "  ○ after_no: skipped",
    }
    assert "○ silent: ran, but materialized nothing" in render_text(describe_run(run(silent)))


def test_the_source_folder_of_an_import_is_not_shown(tmp_path: Path) -> None:
    """The source folder is omitted, because its absolute path differs on each machine."""
    (tmp_path / "acme.csv").write_text(
        "date,share_price,amount,spend,shift,spread\n2018/01/22,1.5,100,425.0,-0.5,0.01\n"
    )
    result = run(
        import_dynamic_partition_file, key="acme", resources={"source": SourceFolder(path=str(tmp_path))}
    )
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["source folder"].value == str(tmp_path.resolve())
    (box,) = find_graph(describe_run(result)).boxes
    assert [name for name, _ in box.facts] == ["file", "bytes", "header", "bad prices", "fingerprint"]


@pytest.mark.parametrize("digits", ["39c2e17accead48cf3a87872800d360c", '"39c2e17accead48cf3a87872800d360c"'])
def test_only_the_beginning_of_a_hash_is_shown(digits: str) -> None:
    """The ETag of an object is one as well, in quotes."""

    @dg.asset
    def hashed() -> dg.MaterializeResult:
        """Record a hash."""
        return dg.MaterializeResult(metadata={"etag": digits})

    (box,) = find_graph(describe_run(run(hashed))).boxes
    assert box.facts == [("etag", "39c2e17accea…")]


def test_many_facts_and_checks_are_shortened() -> None:
    """Hundreds of long facts and dozens of checks fit into a page."""
    names = [f"check_{number:03}" for number in range(60)]

    @dg.asset(check_specs=[dg.AssetCheckSpec(name, asset="wordy") for name in names])
    def wordy() -> dg.MaterializeResult:
        return dg.MaterializeResult(
            metadata={f"fact {number:04}": "x" * 10_000 for number in range(500)},
            check_results=[dg.AssetCheckResult(passed=True, check_name=name) for name in names],
        )

    board = describe_run(run(wordy))
    assert "and 480 more" in render_text(board)
    assert "and 40 more" in render_text(board)
    assert len(render_html(board).encode()) < 60_000


def test_a_log_line_shows_its_exception_and_is_shortened() -> None:
    """A log line names the logged exception, and a line of a megabyte is not kept in full."""

    @dg.asset
    def talks(context: dg.AssetExecutionContext) -> None:
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            context.log.exception("oops")
        context.log.info("")
        context.log.info("x" * 1_000_000)

    lines = [line for line in run_log.get_log(run(talks).run_id) if line.own]
    assert [line.text for line in lines[:2]] == ["oops (ZeroDivisionError: division by zero)", ""]
    assert len(lines[2].text) < 10_000


def test_what_a_sensor_logs_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """A line that a sensor logs is printed without its time, because its evaluation is not a run."""

    @dg.sensor(job_name="load")
    def looks(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        context.log.info("looked")
        return dg.SkipReason("nothing new")

    looks(dg.build_sensor_context(instance=dg.DagsterInstance.ephemeral()))
    assert capsys.readouterr() == ("INFO    looked\n", "")
