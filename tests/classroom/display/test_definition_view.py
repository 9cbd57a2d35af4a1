"""What assets, checks, jobs, schedules, sensors and all of them together show."""

from collections.abc import Iterator

import dagster as dg
import pytest

from lesson_lib.classroom.display import describe
from lesson_lib.classroom.display.board import Board
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.text import render_text
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected

s3 = dg.DynamicPartitionsDefinition(name="s3")
days = dg.DailyPartitionsDefinition(start_date="2018-01-22", end_date="2018-01-27")


@dg.asset(
    partitions_def=s3,
    group_name="static_etl",
    check_specs=[dg.AssetCheckSpec("good", asset="imported", blocking=True)],
    required_resource_keys={"source"},
)
def imported() -> dg.MaterializeResult:
    """A customer's file.

    It is found and checked.
    """
    return dg.MaterializeResult()


@dg.asset(partitions_def=s3, group_name="static_etl", kinds={"duckdb", "csv"}, deps=[imported])
def table() -> None:
    """Load what was imported."""


@dg.asset(partitions_def=days)
def prices() -> None:
    """Come every day."""


@dg.multi_asset(specs=[dg.AssetSpec(["eu", "late"], deps=["early"]), dg.AssetSpec("early", deps=["outside"])])
def both() -> tuple[dg.MaterializeResult, dg.MaterializeResult]:
    """Make two assets at once."""
    return dg.MaterializeResult(["early"]), dg.MaterializeResult(["eu", "late"])


@dg.asset_check(asset=table, description="They agree.")
def agree() -> dg.AssetCheckResult:
    """Agree."""
    return dg.AssetCheckResult(passed=True)


@dg.op(required_resource_keys={"database"})
def step() -> None:
    """Work."""


@dg.job(description="Work without assets.")
def chore() -> None:
    """Take one step."""
    step()


@dg.sensor(target=[imported, table], minimum_interval_seconds=60, description="Look for files.")
def arrivals() -> dg.SkipReason:
    """Look for files."""
    return dg.SkipReason()


reload = dg.define_asset_job("reload", selection=[imported, table], description="Load again.")
daily = dg.define_asset_job("daily", selection=[prices])
by_calendar = dg.build_schedule_from_partitioned_job(daily)
nightly = dg.ScheduleDefinition(
    name="nightly",
    target=[prices],
    cron_schedule=["0 3 * * *", "0 15 * * *"],
    execution_timezone="Europe/Berlin",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
source = dg.ResourceDefinition.hardcoded_resource("folder")
defs = dg.Definitions(
    [table, prices, imported],
    asset_checks=[agree],
    jobs=[reload, daily],
    schedules=[by_calendar, nightly],
    sensors=[arrivals],
    resources={"source": source},
)
OFF = "  Off by default: it starts nothing until it is switched on in the Dagster UI."


def make_board(value: object) -> Board:
    """Find the board by the type, as the extension does."""
    return describe(value)


def make_text(value: object) -> str:
    """Return a value's board as text."""
    return render_text(make_board(value))


def test_an_asset_shows_what_it_needs() -> None:
    """An asset's board lists its resources, without the IO manager that Dagster provides."""
    assert make_text(imported) == (
        "Asset imported\n"
        "  A customer's file. It is found and checked.\n"
        "  group: static_etl\n"
        '  partitions: dynamic "s3"\n'
        "  checks: good (blocking)\n"
        "  resources: source"
    )


def test_an_asset_shows_what_it_depends_on() -> None:
    """An asset's board lists its dependencies and kinds, always in the same order."""
    assert make_text(table) == (
        "Asset table\n"
        "  Load what was imported.\n"
        "  group: static_etl\n"
        "  kinds: csv, duckdb\n"
        '  partitions: dynamic "s3"\n'
        "  depends on: imported"
    )


def test_the_group_default_is_not_shown() -> None:
    """The group `default` is omitted, since no author has chosen it."""
    assert make_text(prices) == (
        "Asset prices\n  Come every day.\n  partitions: daily, 5 keys, 2018-01-22 to 2018-01-26"
    )


def test_two_assets_of_one_function() -> None:
    """The assets of one function are drawn in the order in which they are made."""
    assert make_text(both) == (
        "2 assets of both\n  early: no partitions, after outside\n  eu/late: no partitions, after early"
    )


def test_assets_that_are_made_elsewhere() -> None:
    """An external asset says so, as a spec and as a definition."""
    spec = dg.AssetSpec("lake", deps=["river"], group_name="water", kinds={"s3"})
    assert make_text(spec) == (
        "Asset lake\n"
        "  group: water\n"
        "  kinds: s3\n"
        "  depends on: river\n"
        "  A spec describes an asset. The function that makes it, if there is one, is elsewhere."
    )
    assert make_text(dg.AssetsDefinition(specs=[dg.AssetSpec("a"), dg.AssetSpec("b", group_name="g")])) == (
        "2 assets\n  a: no partitions\n  b: no partitions\n"
        "  group: g\n  Made elsewhere: Dagster only knows that it exists."
    )


def test_source_assets() -> None:
    """A `SourceAsset`, which Dagster has deprecated, is described like a spec."""
    with pytest.warns(DeprecationWarning, match="SourceAsset"):
        lake = dg.SourceAsset(
            "lake",
            group_name="water",
            tags={"dagster/kind/s3": ""},
            partitions_def=s3,
            description="All of it.",
        )
    assert make_text(lake) == (
        "Asset lake\n"
        "  All of it.\n"
        "  group: water\n"
        "  kinds: s3\n"
        '  partitions: dynamic "s3"\n'
        "  Made elsewhere: Dagster only knows that it exists."
    )
    boat = dg.AssetSpec("boat", deps=["lake"])
    assert make_text(dg.Definitions([boat, lake])) == (
        "Definitions: 2 assets\n"
        '  lake: dynamic "s3"\n'
        "      kinds: s3\n"
        "  boat: no partitions, after lake\n"
        "  group: water"
    )


def test_observed_assets() -> None:
    """An observable asset says that its function makes nothing."""
    with pytest.warns(dg.BetaWarning):

        @dg.observable_source_asset
        def river() -> dg.DataVersion:
            return dg.DataVersion("1")

    with pytest.warns(dg.BetaWarning):

        @dg.multi_observable_source_asset(specs=[dg.AssetSpec("sea")])
        def seas() -> Iterator[dg.ObserveResult]:
            yield dg.ObserveResult(asset_key="sea")

    observed = "  Made elsewhere: this code only observes it."
    assert make_text(river) == f"Asset river\n{observed}"
    assert make_text(seas) == f"Asset sea\n{observed}"


LETTERS = "gbhdaecf"  # by chance in their order once in 40,320 times


def test_assets_of_a_graph_are_in_the_same_order_every_time() -> None:
    """The assets of a graph are sorted, since Dagster keeps them in sets."""

    @dg.op(out={letter: dg.Out() for letter in LETTERS})
    def letters():  # noqa: ANN202 - Dagster wants as many types as there are outputs
        return tuple(range(8))

    @dg.graph_multi_asset(outs={letter: dg.AssetOut() for letter in LETTERS})
    def alphabet() -> object:
        made = letters()
        return {letter: getattr(made, letter) for letter in LETTERS}

    graph = "".join(f"\n  {letter}: no partitions" for letter in sorted(LETTERS))
    assert make_text(alphabet) == f"8 assets of alphabet{graph}"
    assert make_text(dg.Definitions([alphabet])) == f"Definitions: 8 assets{graph}"

    @dg.sensor(target=[alphabet])
    def any_letter() -> None: ...

    assert f"\n  starts: {', '.join(sorted(LETTERS))}\n" in make_text(any_letter)


def test_items_of_a_set_are_sorted_by_name() -> None:
    """Definitions given as sets are sorted by name, since their hashes may depend on addresses."""
    assets = {dg.AssetsDefinition(specs=[dg.AssetSpec(letter)]) for letter in LETTERS}
    jobs = {chore.graph.to_job(name=letter) for letter in LETTERS}
    assert make_text(dg.Definitions(assets, jobs=jobs)).splitlines()[1:] == [
        *(f"  {letter}: no partitions" for letter in sorted(LETTERS)),
        f"  jobs: {', '.join(sorted(LETTERS))}",
    ]


def test_unstable_parts_of_descriptions_are_hidden() -> None:
    """A description does not show the address of an object."""
    text = f"Made by {object()!r}."
    spec = dg.AssetSpec("a", description=text)
    check = dg.AssetCheckSpec("check", asset="a", description=text)
    job = dg.define_asset_job("job", description=text)
    sensor = dg.SensorDefinition(name="sensor", job_name="job", evaluation_fn=print, description=text)
    for value in (spec, dg.AssetsDefinition(specs=[spec]), check, job, sensor):
        assert make_text(value).splitlines()[1] == "  Made by <object object>."


def test_three_thousand_of_everything_are_shortened() -> None:
    """Lists of three thousand names are shortened, and so are the dependencies of one asset."""
    names = [f"{number:04}_{'long' * 12}" for number in range(3_000)]

    @dg.multi_asset_check(specs=[dg.AssetCheckSpec(name, asset=names[0]) for name in names])
    def checks() -> Iterator[dg.AssetCheckResult]:
        yield dg.AssetCheckResult(passed=True)

    every = [dg.AssetSpec(f"all_{number}", deps=names) for number in range(3)]
    lines = make_text(dg.Definitions(every)).splitlines()
    assert lines[1].startswith(f"  all_0: no partitions, after {names[0]}, {names[1]}")
    assert lines[1].endswith(f"{names[18]}, … 2,981 more")

    specs = [dg.AssetSpec(name, group_name=name, description=name * 100) for name in names]
    defs = dg.Definitions(
        [*specs, *every],
        asset_checks=[checks],
        jobs=[dg.define_asset_job(name) for name in names],
        resources=dict.fromkeys(names, source),
    )
    for value in (defs, dg.Definitions(every), checks, dg.define_asset_job("job", names)):
        board = make_board(value)
        assert len(render_html(board).encode()) < 50_000
        assert len(render_text(board).encode()) < 50_000


def test_a_check_says_whether_it_blocks() -> None:
    """The board of a check says what its failure does."""
    assert make_text(agree) == (
        "Asset check agree\n  They agree.\n  of: table\n  blocking: no, the assets after it still run"
    )
    assert make_text(next(iter(imported.check_specs))) == (
        "Asset check good\n  of: imported\n  blocking: yes, a failure stops the assets after it from running"
    )


def test_a_check_says_what_else_it_reads() -> None:
    """The board of a check names the other assets that it reads."""
    check = dg.AssetCheckSpec("good", asset="table", additional_deps=["b", "a"])
    assert make_text(check).endswith("\n  also reads: a, b")


def test_checks_of_one_function_are_a_table() -> None:
    """Several checks are shown as a short table, however many there are."""
    specs = [dg.AssetCheckSpec(f"check_{number}", asset="table") for number in range(30)]

    @dg.multi_asset_check(specs=specs)
    def many() -> Iterator[dg.AssetCheckResult]:
        yield dg.AssetCheckResult(passed=True)

    lines = make_text(many).splitlines()
    assert lines[:3] == [
        "30 asset checks",
        "    check     of     blocking",
        "    check_0   table  no, the assets after it still run",
    ]
    assert lines[-1] == "  … and 10 more checks."
    assert len(lines) == 23


def test_a_job_before_it_has_found_its_assets() -> None:
    """An unresolved job names selected keys, and writes other selections as Dagster's UI does."""
    there = "  It looks up its assets once it is in dg.Definitions together with them."
    assert make_text(reload) == f"Job reload\n  Load again.\n  assets: imported, table\n{there}"
    assert make_text(dg.define_asset_job("every")) == f"Job every\n  assets: all\n{there}"
    group = dg.define_asset_job("group", dg.AssetSelection.groups("static_etl"))
    assert make_text(group) == f'Job group\n  assets: group:"static_etl"\n{there}'


def test_a_job_that_has_found_its_assets() -> None:
    """A resolved job draws its assets as a graph."""
    assert make_text(defs.resolve_job_def("reload")) == (
        "Job reload\n"
        "  Load again.\n"
        '  imported: dynamic "s3"\n'
        '  table: dynamic "s3", after imported\n'
        "  resources: source"
    )


def test_a_job_without_assets() -> None:
    """A job without assets lists its ops."""
    assert make_text(chore) == "Job chore\n  Work without assets.\n  ops: step\n  resources: database"


def test_schedules() -> None:
    """A schedule shows its cron schedule, or that it follows the calendar of its job's partitions."""
    assert make_text(nightly) == (
        "Schedule nightly\n"
        "  starts: prices\n"
        "  when: 0 3 * * * and 0 15 * * * (cron), Europe/Berlin\n"
        "  On by default: it runs wherever the daemon runs."
    )
    assert make_text(defs.resolve_schedule_def("nightly")) == make_text(nightly)
    assert make_text(by_calendar) == (
        "Schedule daily_schedule\n"
        "  starts: job daily\n"
        "  when: a partition ends: its cron schedule follows from the job's partitions\n" + OFF
    )
    assert make_text(defs.resolve_schedule_def("daily_schedule")) == (
        "Schedule daily_schedule\n  starts: job daily\n  when: 0 0 * * * (cron), UTC\n" + OFF
    )


def test_sensors() -> None:
    """A sensor shows what it starts and how often it is evaluated."""
    assert make_text(arrivals) == (
        "Sensor arrivals\n  Look for files.\n  starts: imported, table\n  looks: at most every 60 seconds\n"
        + OFF
    )

    @dg.sensor(jobs=[chore, daily])
    def two() -> None: ...

    assert (
        make_text(two)
        == "Sensor two\n  starts: job chore, job daily\n  looks: at most every 30 seconds\n" + OFF
    )

    @dg.asset_sensor(asset_key=table.key, job_name="later", default_status=dg.DefaultSensorStatus.RUNNING)
    def watching() -> None: ...

    assert render_text(describe(watching)) == (
        "Sensor watching\n"
        "  starts: job later\n"
        "  watches: table\n"
        "  looks: at most every 30 seconds\n"
        "  On by default: it runs wherever the daemon runs."
    )

    @dg.run_failure_sensor
    def alarm() -> None: ...

    assert render_text(describe(alarm)) == ("Sensor alarm\n  looks: at most every 30 seconds\n" + OFF)


def test_all_definitions_together() -> None:
    """Definitions keep their order, except that each asset follows those that it needs."""
    assert make_text(defs) == (
        "Definitions: 3 assets, 2 checks, 2 jobs, 2 schedules, 1 sensor, 1 resource\n"
        '  imported: dynamic "s3"\n'
        "      checks: good (blocking)\n"
        '  table: dynamic "s3", after imported\n'
        "      kinds: csv, duckdb\n"
        "      checks: agree\n"
        "  prices: daily, 5 keys, 2018-01-22 to 2018-01-26\n"
        "  group: static_etl\n"
        "  jobs: reload, daily\n"
        "  schedules: daily_schedule, nightly\n"
        "  sensors: arrivals\n"
        "  resources: source"
    )
    html = render_html(make_board(defs))
    assert html.count('class="lesson-arrow"') == 1  # an arrow from imported to table, and from nothing else


def test_no_definitions() -> None:
    """Empty definitions say that there is nothing yet."""
    assert make_text(dg.Definitions()) == "Definitions: nothing yet"


def test_a_circle_of_assets_is_drawn() -> None:
    """A circle of assets is drawn, since Dagster rejects it only when it loads the definitions."""
    circle = dg.Definitions([dg.AssetSpec("a", deps=["b"]), dg.AssetSpec("b", deps=["a"])])
    assert (
        make_text(circle) == "Definitions: 2 assets\n  b: no partitions, after a\n  a: no partitions, after b"
    )


def test_ten_thousand_assets_are_shortened() -> None:
    """A chain of ten thousand assets, given in reverse, is shortened."""
    chain = [dg.AssetSpec(f"a{n}", deps=[f"a{n - 1}"] if n else []) for n in reversed(range(10_000))]
    lines = make_text(dg.Definitions(chain)).splitlines()
    assert lines[:3] == ["Definitions: 10,000 assets", "  a0: no partitions", "  a1: no partitions, after a0"]
    assert lines[21].startswith("  … and 9,980 more: a20, a21, ")
    assert "\n".join(lines[21:]).endswith("a9999 (9,980 in all).")
    assert len(render_html(make_board(dg.Definitions(chain))).encode()) < 12_000


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_stay_names(name: str) -> None:
    """A hostile name adds no element or attribute to the page, and the page stays small."""
    specs = [dg.AssetSpec([name, str(n)], deps=[[name]], description=name) for n in range(30)]
    check = dg.AssetCheckSpec("check", asset=[name], description=name)
    values = [
        specs[0],
        check,
        dg.AssetsDefinition(specs=specs),
        dg.define_asset_job("job", selection=dg.AssetSelection.assets([name]), description=name),
        dg.Definitions(specs, resources={name: source}),
    ]
    for value in values:
        html = render_html(make_board(value))
        assert find_injected(html) == []
        assert len(html.encode()) < 25_000
        assert not {"\u202e", "\x00", "\x1b"} & set(html + make_text(value))
