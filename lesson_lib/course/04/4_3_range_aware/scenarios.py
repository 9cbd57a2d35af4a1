"""Exercise 4.3: turn an asset for one key into an asset for all keys of a run."""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg
import duckdb

from lesson_lib.classroom.display.safe_text import format_count, make_plain
from lesson_lib.classroom.exercises.exercise import Evidence, Miss, Scenario
from lesson_lib.classroom.exercises.row_difference import Row, describe_difference
from lesson_lib.classroom.exercises.sandbox import Sandbox, open_sandbox, require_set
from lesson_lib.course.lookalikes import LOOKALIKES
from lesson_lib.pipeline import InvalidKey, checked_key
from lesson_lib.pipeline.csv_rules import COLUMNS
from lesson_lib.pipeline.database_errors import WarehouseUnavailable, summarize_error
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, create_table


def _make_file(*amounts: float, month: int = 9, first_day: int = 1) -> str:
    """Return the text of a file with a row for each amount, two for a day; no two customers share amounts."""
    days = ((number // 2 % 28 + first_day, amount) for number, amount in enumerate(amounts))
    rows = (
        f"2017/{month:02}/{day:02},10.0925,{amount},{amount * 10:.2f},-0.25,0.01\n" for day, amount in days
    )
    return f"{','.join(COLUMNS)}\n{''.join(rows)}"


_FILES = {
    "abacus": _make_file(9901, 9902, month=1),  # the first key by name and by registration
    "acme": _make_file(1101, 1101, 1102, -1103, 1104),  # the first two rows are equal
    "bluebird": _make_file(2201, 2202, 2203, 2204, 2205),
    # Between other keys by name, but registered before them. One of its days is in their files, one is not.
    "globex": _make_file(5501, 5502, 5503, 5504, 5505, 5506, 5507, 5508),
    "zenith.eu": _make_file(4401.1, 4402.3),  # all other amounts are whole numbers
}
_CORRECTED_FILES = {
    "abacus": _make_file(9999),
    "acme": _make_file(1101, 1101, 1104, -1103, 1102),  # the same days, amounts and sums
    # One of its days is an old one, one of its amounts is, and there are older days before and after it.
    "bluebird": _make_file(2205, 2206, first_day=2),
    "globex": _make_file(5599),
    "zenith.eu": _FILES["zenith.eu"].replace("44023.00,-0.25", "44023.00,0.75"),
}
_MANY = [*range(220_000, 242_000)]  # more rows than those by which DuckDB finds out the types
_LARGE_FILE = _make_file(*_MANY)
_NO_ROWS = _make_file()
_BROKEN_FILES = {
    "a word for a number in its row 21,900": _LARGE_FILE.replace(",241899,", ",many,"),
    "a row that is too short": _FILES["bluebird"].replace(",22020.00,-0.25,0.01", ""),
    "a row that is too long": _FILES["bluebird"].replace(",22020.00,", ",22020.00,1,"),
}
_THREE_KEYS = ("acme", "bluebird", "zenith.eu")
_BOUND, _TOO_MUCH = 1000, "1000.0925"  # of a price, where the table has a bound

# DuckDB raises these if a value has become a part of the statement.
_SQL_ERRORS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)

_Rows = dict[str, list[Row]]

_Expected = Mapping[str, Mapping[str, Sequence[Row]]]
"""For each key, rows by what to call them: first those that should be stored, then others that could be."""


@dataclass(frozen=True)
class _Customers:
    """A sandbox with the learner's asset and its table, and no files but those of the scenario.

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
        """Insert the rows of these keys' files into the table, as an earlier run would have."""
        for key in keys:
            self.sandbox.query(
                f"insert into {CUSTOMER_TABLE} select *, ? from read_csv(?)",  # noqa: S608 - a name of the pipeline
                key,
                self._find_file(key),
            )

    def load(self, first: str, last: str) -> None:
        """Run the asset once for a range of keys.

        Raises:
            Exception: the exception that the asset raised.
        """
        self.sandbox.materialize_range(self.asset, first, last)

    def read_rows(self) -> _Rows:
        """Return the rows of each key in the table."""
        rows: _Rows = {}
        query = f"select partition_key, {', '.join(COLUMNS)} from {CUSTOMER_TABLE}"  # noqa: S608 - names of the pipeline
        for key, *row in self.sandbox.query(query):
            rows.setdefault(key, []).append(tuple(row))
        return rows

    def read_file(self, key: str) -> list[Row]:
        """Return the rows in the file of a key."""
        return self.sandbox.query("from read_csv(?)", self._find_file(key))

    def read_files(self, keys: Iterable[str]) -> _Expected:
        """Return the rows in the files of these keys."""
        return {key: {"its file": self.read_file(key)} for key in keys}

    def remove_file(self, key: str) -> None:
        """Remove the file of a key, which stays registered."""
        (self.sandbox.lab.source / f"{key}.csv").unlink()

    def _find_file(self, key: str) -> str:
        return str(self.sandbox.lab.source / f"{key}.csv")


def _scenario(happening: Callable[[_Customers], Miss | None]) -> Scenario:
    """Return the scenario of a happening, which also explains errors that only a run for several keys has."""

    def run(answer: object) -> Miss | None:
        require_set(answer)
        with open_sandbox() as sandbox:
            for path in sandbox.lab.source.iterdir():
                path.unlink()
            create_table(sandbox.connection, CUSTOMER_TABLE)
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
    """One key is loaded: acme, whose file has two equal rows, and two rows for the same day."""
    customers.sandbox.write("acme", _FILES["acme"])
    customers.sandbox.materialize([customers.asset], "acme")
    return _compare(customers.read_rows(), customers.read_files(["acme"]))


@_scenario
def _three_keys(customers: _Customers) -> Miss | None:
    """Three keys are loaded in one run: acme, bluebird and zenith.eu."""
    customers.register(*_THREE_KEYS)
    customers.load("acme", "zenith.eu")
    found, files = customers.read_rows(), customers.read_files(_THREE_KEYS)
    belief = ""
    if _are_same(found.get("zenith", []), files["zenith.eu"]["its file"]):
        belief = "key-ends-at-the-first-dot"
    elif found.keys() < files.keys() and _empties_the_table(customers):
        belief = "emptying-the-table-is-enough"
    return _compare(found, files, belief)


def _empties_the_table(customers: _Customers) -> bool:
    """Load the three keys once more, and return whether the rows of all other keys are gone."""
    others = ["aaa", "initech", "zzz"]
    customers.sandbox.query(
        f"insert into {CUSTOMER_TABLE} select '2016-01-01', 1, 1, 1, 1, 1, unnest(?::varchar[])", others
    )
    return not _fails(customers) and not customers.read_rows().keys() & others


@_scenario
def _beside_others(customers: _Customers) -> Miss | None:
    """The three keys are loaded in one run; abacus and globex, two other customers, were loaded before."""
    others = ("abacus", "globex")
    customers.register(*others, *_THREE_KEYS)
    customers.insert_rows(*others)
    earlier = customers.read_rows()
    customers.correct(*others)  # outside the range
    customers.load("acme", "zenith.eu")
    found = customers.read_rows()
    expected = dict(customers.read_files(_THREE_KEYS))
    for key in others:
        expected[key] = {"its earlier load": earlier[key], "its new file": customers.read_file(key)}
    belief = ""
    if not found.keys() & others and _empties_the_table(customers):
        belief = "emptying-the-table-is-enough"
    elif found.get("abacus") == earlier["abacus"] and (
        found.get("globex", []) in ([], [*expected["globex"]["its new file"]])
    ):
        belief = "keys-are-ordered-by-name"
    return _compare(found, expected, belief)


@_scenario
def _again(customers: _Customers) -> Miss | None:
    """Three keys are loaded, again without bluebird's rows, and again after all files are corrected."""
    customers.register(*_THREE_KEYS)
    customers.load("acme", "zenith.eu")
    customers.sandbox.query(f"delete from {CUSTOMER_TABLE} where partition_key = 'bluebird'")  # noqa: S608 - as above
    customers.load("acme", "zenith.eu")
    found, files = customers.read_rows(), customers.read_files(_THREE_KEYS)
    are_twice = all(
        _are_same(found.get(key, []), [*files[key]["its file"]] * 2) for key in ("acme", "zenith.eu")
    )
    if miss := _compare(found, files, "loading-twice-is-harmless" if are_twice else ""):
        return miss
    earlier = found
    customers.correct(*_THREE_KEYS)
    customers.load("acme", "zenith.eu")
    found = customers.read_rows()
    expected = {
        key: {"its new file": customers.read_file(key), "its old file": earlier[key]} for key in _THREE_KEYS
    }
    differing = [
        key for key in _THREE_KEYS if not _are_same(found.get(key, []), expected[key]["its new file"])
    ]
    are_kept = all(not Counter(earlier[key]) - Counter(found.get(key, [])) for key in differing)
    if (miss := _compare(found, expected)) and are_kept and _loads_into_an_empty_table(customers):
        return replace(miss, misconception="loading-what-is-new-is-enough")
    return miss


def _loads_into_an_empty_table(customers: _Customers) -> bool:
    """Load the three keys into the empty table, and return whether it then has the rows of their files."""
    customers.sandbox.query(f"delete from {CUSTOMER_TABLE}")  # noqa: S608 - as above
    return not _fails(customers) and not _compare(customers.read_rows(), customers.read_files(_THREE_KEYS))


@_scenario
def _lookalikes(customers: _Customers) -> Miss | None:
    """Three keys are loaded after lookalikes: globex.eu, o'hare and Café_Müller_Söhne_2018.eu."""
    first, last = LOOKALIKES
    loaded = (first, "o'hare", last)
    customers.sandbox.instance.add_dynamic_partitions(require_set(customers.asset), ["acme", *loaded])
    others = [key for keys in LOOKALIKES.values() for key in keys]
    copies = [f"{key} (1)" for key in loaded]
    for number, key in enumerate([*loaded, *copies, *filter(_is_file_name, others)], 6601):
        # On some disks, names that differ only in case are those of one file.
        if not (customers.sandbox.lab.source / f"{key}.csv").exists():
            customers.sandbox.write(key, _make_file(number))
    customers.sandbox.query(
        f"insert into {CUSTOMER_TABLE} select '2016-01-01', 1, 1, 1, 1, 1, unnest(?::varchar[])",
        [*others, "bluebird"],
    )
    earlier, files = customers.read_rows(), customers.read_files(loaded)
    try:
        customers.load(first, last)
    except (duckdb.Error, WarehouseUnavailable) as error:
        # Other keys were loaded in the same way, so the special characters are the reason.
        is_sql = isinstance(error, _SQL_ERRORS)
        seen = make_plain(f"{type(error).__name__}: {summarize_error(error)}")
        return Miss("quotes-make-a-key-safe" if is_sql else "", seen, expected="1 row of o'hare")
    found = customers.read_rows()
    expected = {**{key: {"its earlier load": rows} for key, rows in earlier.items()}, **files}
    missing = expected.keys() - found.keys()
    only_missing = found.keys() <= expected.keys() and not _compare(
        found, {key: rows for key, rows in expected.items() if key not in missing}
    )
    is_loose = only_missing and missing <= {*others}
    return _compare(found, expected, "any-comparison-finds-a-key" if is_loose else "")


def _is_file_name(key: str) -> bool:
    """Return whether the key follows the rules, and so is also the name of a file."""
    try:
        return checked_key(key) == key
    except InvalidKey:
        return False


@_scenario
def _broken_file(customers: _Customers) -> Miss | None:
    """The three keys were loaded. Then bluebird's file is broken three times, and finally good again."""
    earlier = _load_before(customers)
    customers.correct("acme", "zenith.eu")
    for fault, broken in _BROKEN_FILES.items():
        customers.sandbox.write("bluebird", broken)
        if miss := _load_broken_file(customers, earlier, f"bluebird's file has {fault}: "):
            return miss
    customers.sandbox.write("bluebird", _LARGE_FILE)
    customers.sandbox.write("zenith.eu", _NO_ROWS)
    _load_after_failure(customers)
    miss = _compare(customers.read_rows(), customers.read_files(_THREE_KEYS))
    aside = "bluebird's file is good again, zenith.eu's is only a header, and there are "
    return miss and replace(miss, seen=f"{aside}{miss.seen}")


def _load_before(customers: _Customers) -> _Rows:
    """Put the rows of the three keys into the table, and return them."""
    customers.register(*_THREE_KEYS)
    customers.insert_rows(*_THREE_KEYS)
    return customers.read_rows()


def _load_broken_file(customers: _Customers, earlier: _Rows, aside: str) -> Miss | None:
    failed = _fails(customers)
    found = customers.read_rows()
    others = {key: customers.read_file(key) for key in ("acme", "zenith.eu")}
    expected = {
        key: {"its earlier load": rows} | ({"its new file": others[key]} if key in others else {})
        for key, rows in sorted(earlier.items(), key=lambda item: item[0] != "bluebird")
    }
    is_kept = _are_same(found.get("bluebird", []), earlier["bluebird"])
    loaded = [key for key, rows in others.items() if _are_same(found.get(key, []), rows)]
    are_whole = all(key in loaded or _are_same(found.get(key, []), earlier[key]) for key in others)
    if not failed:
        rows = format_count(len(found.get("bluebird", [])), "row")
        return Miss(
            "caught-errors-are-handled" if is_kept and are_whole else "",
            seen=f"{aside}a run that succeeded, so that Dagster shows all three as materialized, and "
            f"{rows} of bluebird{', those of its earlier load' if is_kept else ''}",
            expected="a run that fails, and the rows of all three as they were",
        )
    belief = ""
    if "bluebird" not in found:
        belief = "delete-then-insert-is-safe"
    elif is_kept and are_whole and loaded:
        belief = "broken-file-fails-alone-in-a-range"
    miss = _compare(found, expected, belief)
    return miss and replace(
        miss, seen=f"{aside}the run failed, and left {miss.seen}", expected=f"{miss.expected}, as before"
    )


def _load_after_failure(customers: _Customers) -> None:
    """Load the three keys, and once more if the run that failed has left a transaction open."""
    with suppress(duckdb.TransactionException):
        customers.load("acme", "zenith.eu")
        return
    gc.collect()  # closes its connection, as the end of its process would
    customers.load("acme", "zenith.eu")


def _fails(customers: _Customers) -> bool:
    """Load the three keys, and return whether the run fails, other than by a slip."""
    try:
        customers.load("acme", "zenith.eu")
    except NameError:
        raise
    except Exception:  # noqa: BLE001 - an answer may reject a file with any exception
        return True
    return False


@_scenario
def _refused_value(customers: _Customers) -> Miss | None:
    """The three keys were loaded. A CHECK constraint rejects a price in bluebird's new file."""
    columns = ", ".join(
        f"{name} {type_} not null"
        for name, type_, *_ in customers.sandbox.query(f"describe {CUSTOMER_TABLE}")
    )
    customers.sandbox.query(
        f"create or replace table {CUSTOMER_TABLE} ({columns}, check (share_price < {_BOUND}))"
    )
    earlier = _load_before(customers)
    customers.correct("acme", "zenith.eu")
    customers.sandbox.write("bluebird", _FILES["bluebird"].replace("10.0925", _TOO_MUCH))
    failed = _fails(customers)
    # A table that was made anew has no bound, and then nothing is wrong with the file.
    expected = {key: {"its earlier load": rows} for key, rows in earlier.items()} if failed else None
    found = customers.read_rows()
    is_lost = failed and "bluebird" not in found
    belief = "delete-then-insert-is-safe" if is_lost else ""
    miss = _compare(found, expected or customers.read_files(_THREE_KEYS), belief)
    how = "failed" if failed else "succeeded"
    return miss and replace(miss, seen=f"the run {how}, and left {miss.seen}")


@_scenario
def _missing_file(customers: _Customers) -> Miss | None:
    """The three keys were loaded. Now acme and bluebird have new files, and zenith.eu's is missing."""
    earlier = _load_before(customers)
    customers.correct("acme", "bluebird")
    customers.remove_file("zenith.eu")
    failed = _fails(customers)
    miss = _compare(customers.read_rows(), {key: {"its earlier load": rows} for key, rows in earlier.items()})
    if not failed:
        return Miss(
            seen="a run that succeeded, so that Dagster shows all three as materialized",
            expected="a run that fails, because zenith.eu.csv is missing",
        )
    return miss and replace(miss, seen=f"the run failed, and left {miss.seen}")


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
    rows = sum(map(len, customers.read_rows().values()))
    effect = f"left {format_count(rows, 'row')} in the table" if rows else "loaded nothing"
    return Miss(
        "" if rows else "range-without-keys-is-noticed",
        seen=f"a run that succeeded, recorded no key, and {effect}",
        expected="a run that fails, because its range contains no keys",
    )


def _are_same(found: Sequence[Row], expected: Sequence[Row]) -> bool:
    return Counter(found) == Counter(expected)


def _compare(found: _Rows, expected: _Expected, belief: str = "") -> Miss | None:
    """Return the fault in the rows of the first key that has others than expected."""
    for key, files in expected.items():
        if difference := describe_difference(key, COLUMNS, found.get(key, []), files):
            return Miss(belief, *difference)
    for key in found.keys() - expected.keys():
        rows = format_count(len(found[key]), "row")
        return Miss(belief, make_plain(f"{rows} of {key}"), make_plain(f"no rows of {key}"))
    return None


SCENARIOS = (
    _one_key,
    _three_keys,
    _beside_others,
    _reversed_range,
    _lookalikes,
    _again,
    _broken_file,
    _refused_value,
    _missing_file,
)

EVIDENCE: dict[str, Evidence] = {
    "partition-key-works-in-a-range": _one_key,
    "any-result-suits-a-range": _one_key,
    "key-ends-at-the-first-dot": "The rows of zenith.eu are stored as those of zenith.",
    "emptying-the-table-is-enough": _one_key,
    "keys-are-ordered-by-name": _three_keys,
    "loading-twice-is-harmless": _three_keys,
    "loading-what-is-new-is-enough": _three_keys,
    "quotes-make-a-key-safe": _beside_others,
    "any-comparison-finds-a-key": _beside_others,
    "delete-then-insert-is-safe": _again,
    "broken-file-fails-alone-in-a-range": _again,
    "caught-errors-are-handled": _again,
    "range-without-keys-is-noticed": _beside_others,
}
