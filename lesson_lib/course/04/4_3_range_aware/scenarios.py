"""Exercise 4.3: turn an asset for one key into an asset for all keys of a run."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg
import duckdb

from lesson_lib.classroom.display.safe_text import format_count, make_plain
from lesson_lib.classroom.exercises.exercise import Miss, Scenario
from lesson_lib.classroom.exercises.sandbox import Sandbox, open_sandbox, require_set
from lesson_lib.pipeline.database_errors import WarehouseUnavailable, summarize_error
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, create_table

_HEADER = "date,share_price,amount,spend,shift,spread\n"


def _make_file(*amounts: int) -> str:
    """Return the text of a file with a line for each amount; no two customers have the same amounts."""
    days = enumerate(amounts, 11)
    return _HEADER + "".join(f"2017/09/{day},10.00,{amount},{amount}0.00,0.25,0.01\n" for day, amount in days)


_FILES = {
    "abacus": _make_file(9901, 9902),  # the first key by name and by registration
    "acme": _make_file(1101, 1102, 1103, 1104),
    "bluebird": _make_file(2201, 2202, 2203),
    "blue-bird": _make_file(2801, 2802),
    "blue_bird": _make_file(2901, 2902, 2903),
    "globex": _make_file(5501, 5502),  # between other keys by name, but registered before them
    "o'hare": _make_file(3301, 3302, 3303),
    "zenith.eu": _make_file(4401, 4402),
}
_CORRECTED_FILES = {
    "abacus": _make_file(9999),
    "acme": _make_file(1101, 1102, 1199),
    "bluebird": _make_file(2201, 2299),
    "zenith.eu": _make_file(4401, 4402, 4499),
}
_BROKEN_FILES = (
    _FILES["bluebird"].replace(",2202,", ",n/a,"),
    _FILES["bluebird"].replace(",22020.00,0.25,0.01", ""),  # a row that is too short
)
_THREE_KEYS = ("acme", "bluebird", "zenith.eu")

_Rows = dict[str, Counter[tuple[Any, ...]]]


@dataclass(frozen=True)
class _Customers:
    """A sandbox with the learner's asset and its table.

    Attributes:
        sandbox: the sandbox.
        asset: the learner's asset.
    """

    sandbox: Sandbox
    asset: Any

    def register(self, *keys: str) -> None:
        """Register keys in this order, and write their files."""
        self.sandbox.instance.add_dynamic_partitions(require_set(self.asset), keys)
        for key in keys:
            self.sandbox.write(key, _FILES[key])

    def correct(self, *keys: str) -> None:
        """Replace the file of each key with its later version."""
        for key in keys:
            self.sandbox.write(key, _CORRECTED_FILES[key])

    def insert_rows(self, *keys: str) -> None:
        """Insert the rows of these keys into the table."""
        for key in keys:
            path = str(self.sandbox.lab.source / f"{key}.csv")
            self.sandbox.query(f"insert into {CUSTOMER_TABLE} select *, ? from read_csv(?)", key, path)  # noqa: S608 - a name of the pipeline

    def load(self, first: str, last: str) -> None:
        """Run the asset once for a range of keys.

        Raises:
            Exception: the exception that the asset raised.
        """
        self.sandbox.materialize_range(self.asset, first, last)

    def read_rows(self) -> _Rows:
        """Return the rows of each key in the table."""
        rows: _Rows = {}
        query = f"select partition_key, * exclude partition_key from {CUSTOMER_TABLE}"  # noqa: S608 - a name of the pipeline
        for key, *row in self.sandbox.query(query):
            rows.setdefault(key, Counter())[tuple(row)] += 1
        return rows

    def read_files(self, keys: Iterable[str]) -> _Rows:
        """Return the rows in the files of these keys."""
        return {
            key: Counter(self.sandbox.query("from read_csv(?)", str(self.sandbox.lab.source / f"{key}.csv")))
            for key in keys
        }


def _scenario(happening: Callable[[_Customers], Miss | None]) -> Scenario:
    """Return the scenario of a happening, which also explains errors that only a run for several keys has."""

    def run(answer: object) -> Miss | None:
        require_set(answer)
        with open_sandbox() as sandbox:
            with duckdb.connect(sandbox.lab.database) as con:
                create_table(con, CUSTOMER_TABLE)
            try:
                return happening(_Customers(sandbox, answer))
            except dg.DagsterInvariantViolationError as error:
                if "partition_key" not in str(error):
                    raise
                return Miss(
                    "partition-key-works-in-a-range",
                    make_plain(f"the run failed. {error}"),
                    "a run that succeeds",
                )
            except Exception as error:
                if "multiple partitions" not in str(error):  # the IO manager's message
                    raise
                return Miss(
                    "any-result-suits-a-range",
                    seen="the function came to its end, and then Dagster failed the run: it had a value to "
                    "store, if only None, and its IO manager stores none for several keys",
                    expected="a run that succeeds",
                )

    run.__doc__ = happening.__doc__
    return run


@_scenario
def _one_key(customers: _Customers) -> Miss | None:
    """One key is loaded: acme."""
    customers.sandbox.write("acme", _FILES["acme"])
    customers.sandbox.materialize([customers.asset], "acme")
    return _compare(customers.read_rows(), customers.read_files(["acme"]))


@_scenario
def _three_keys(customers: _Customers) -> Miss | None:
    """Three keys are loaded in one run, acme, bluebird and zenith.eu; abacus and globex were before."""
    customers.register("abacus", "globex", *_THREE_KEYS)
    customers.insert_rows("abacus", "globex")
    earlier = customers.read_rows()
    customers.correct("abacus")  # outside the range
    customers.load("acme", "zenith.eu")
    found = customers.read_rows()
    belief = ""
    if "abacus" not in found:
        belief = "emptying-the-table-is-enough"
    elif "globex" not in found:
        belief = "keys-are-ordered-by-name"
    elif "zenith" in found:
        belief = "key-ends-at-the-first-dot"
    return _compare(found, earlier | customers.read_files(_THREE_KEYS), belief)


@_scenario
def _again(customers: _Customers) -> Miss | None:
    """The three keys are loaded twice, and once more after acme and bluebird have corrected their files."""
    customers.register(*_THREE_KEYS)
    customers.load("acme", "zenith.eu")
    customers.load("acme", "zenith.eu")
    found, files = customers.read_rows(), customers.read_files(_THREE_KEYS)
    has_more = any(found.get(key, Counter()) > rows for key, rows in files.items())
    if miss := _compare(found, files, "loading-twice-is-harmless" if has_more else ""):
        return miss
    customers.correct("acme", "bluebird")
    customers.load("acme", "zenith.eu")
    return _compare(customers.read_rows(), customers.read_files(_THREE_KEYS), "loading-what-is-new-is-enough")


@_scenario
def _awkward_key(customers: _Customers) -> Miss | None:
    """One of three keys has an apostrophe: acme, o'hare and zenith.eu are loaded twice."""
    belief, keys = "quotes-make-a-key-safe", ("acme", "o'hare", "zenith.eu")
    customers.register(*keys)
    files = customers.read_files(keys)
    try:
        customers.load("acme", "zenith.eu")
        customers.load("acme", "zenith.eu")
    except (duckdb.Error, WarehouseUnavailable) as error:
        # Three ordinary keys were loaded before, so the special characters are the reason.
        seen = f"{type(error).__name__}: {summarize_error(error)}"
        rows = format_count(files["o'hare"].total(), "row")
        return Miss(belief, make_plain(seen), expected=f"{rows} of o'hare")
    return _compare(customers.read_rows(), files, belief)


@_scenario
def _lookalike(customers: _Customers) -> Miss | None:
    """The keys acme and blue_bird are loaded; blue-bird, another customer, was loaded before."""
    customers.register("blue-bird", "acme", "blue_bird")
    customers.insert_rows("blue-bird")
    customers.load("acme", "blue_bird")
    files = customers.read_files(["blue-bird", "acme", "blue_bird"])
    return _compare(customers.read_rows(), files, "any-comparison-finds-a-key")


@_scenario
def _late_key(customers: _Customers) -> Miss | None:
    """The key bluebird is registered after zenith.eu, and the run is for the range from acme to zenith.eu."""
    customers.register("acme", "zenith.eu")
    customers.register("bluebird")
    customers.load("acme", "zenith.eu")
    files = customers.read_files(["acme", "zenith.eu"])
    return _compare(customers.read_rows(), files, "keys-are-ordered-by-name")


@_scenario
def _broken_file(customers: _Customers) -> Miss | None:
    """The three keys are loaded, and loaded again when bluebird's new file is broken, and the others good."""
    customers.register(*_THREE_KEYS)
    customers.load("acme", "zenith.eu")
    earlier = customers.read_rows()
    customers.correct("acme", "zenith.eu")
    misses = (_load_broken_file(customers, broken, earlier) for broken in _BROKEN_FILES)
    return next(filter(None, misses), None)


def _load_broken_file(customers: _Customers, broken: str, earlier: _Rows) -> Miss | None:
    customers.sandbox.write("bluebird", broken)
    try:
        customers.load("acme", "zenith.eu")
    except Exception:  # noqa: BLE001 - an answer may reject the file with any exception
        found = customers.read_rows()
        is_lost = "bluebird" not in found
        belief = "delete-then-insert-is-safe" if is_lost else "broken-file-fails-alone-in-a-range"
        miss = _compare(found, {"bluebird": earlier["bluebird"]} | earlier, belief)
        return miss and replace(
            miss, seen=f"the run failed, and left {miss.seen}", expected=f"{miss.expected}, as before the run"
        )
    rows = customers.read_rows().get("bluebird", Counter())
    return Miss(
        "caught-errors-are-handled",
        seen="a run that succeeded, so that Dagster shows all three as materialized, and "
        f"{format_count(rows.total(), 'row')} of bluebird",
        expected="a run that fails, and the rows of all three as they were",
    )


@_scenario
def _reversed_range(customers: _Customers) -> Miss | None:
    """The ends of the range are swapped: the run is for zenith.eu to acme."""
    customers.register(*_THREE_KEYS)
    try:
        customers.load("zenith.eu", "acme")
    except NameError:  # a slip in the line that should raise
        raise
    except Exception:  # noqa: BLE001 - any other error is right
        return None
    rows = sum(rows.total() for rows in customers.read_rows().values())
    effect = f"left {format_count(rows, 'row')} in the table" if rows else "loaded nothing"
    return Miss(
        "" if rows else "range-without-keys-is-noticed",
        seen=f"a run that succeeded, recorded no key, and {effect}",
        expected="a run that fails, since its range holds no key",
    )


def _compare(found: _Rows, expected: _Rows, belief: str = "") -> Miss | None:
    """Return the fault in the rows of the first key that has unexpected ones."""
    for key in expected | found:
        actual, wanted = found.get(key, Counter()), expected.get(key, Counter())
        if actual != wanted:
            unexpected = sum(count for row, count in actual.items() if row not in wanted)
            aside = f", {unexpected} of which should not be there" if unexpected else ""
            return Miss(
                belief,
                seen=f"{format_count(actual.total(), 'row')} of {make_plain(key)}{aside}",
                expected=f"{format_count(wanted.total(), 'row')} of {make_plain(key)}",
            )
    return None


SCENARIOS = (
    _one_key,
    _three_keys,
    _again,
    _awkward_key,
    _lookalike,
    _late_key,
    _broken_file,
    _reversed_range,
)
