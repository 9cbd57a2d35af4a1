"""Exercise 4.3: an asset for one key becomes one for all the keys of a run."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from textwrap import indent
from typing import Any

import dagster as dg
import duckdb

from lesson_lib.classroom.display.safe_text import counted, plain
from lesson_lib.classroom.exercises.exercise import Exercise, Miss, Scenario
from lesson_lib.classroom.exercises.world import World, new_world, set_of
from lesson_lib.pipeline.database_errors import WarehouseUnavailable, summarize_error
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, create_table

_HEADER = "date,share_price,amount,spend,shift,spread\n"


def _file(*amounts: int) -> str:
    """Return a file's text with a line for each amount; no two customers trade the same."""
    days = enumerate(amounts, 11)
    return _HEADER + "".join(f"2017/09/{day},10.00,{amount},{amount}0.00,0.25,0.01\n" for day, amount in days)


_FILES = {
    "abacus": _file(9901, 9902),  # the first one, by name and by registration
    "acme": _file(1101, 1102, 1103, 1104),
    "bluebird": _file(2201, 2202, 2203),
    "blue-bird": _file(2801, 2802),
    "blue_bird": _file(2901, 2902, 2903),
    "globex": _file(5501, 5502),  # between others by name, and registered before them
    "o'hare": _file(3301, 3302, 3303),
    "zenith.eu": _file(4401, 4402),
}
_LATER = {
    "abacus": _file(9999),
    "acme": _file(1101, 1102, 1199),
    "bluebird": _file(2201, 2299),
    "zenith.eu": _file(4401, 4402, 4499),
}
_BROKEN = (
    _FILES["bluebird"].replace(",2202,", ",n/a,"),
    _FILES["bluebird"].replace(",22020.00,0.25,0.01", ""),  # a row that is too short
)
_THREE = ("acme", "bluebird", "zenith.eu")

_Rows = dict[str, Counter[tuple[Any, ...]]]


@dataclass(frozen=True)
class _Customers:
    """A world with the learner's asset, and with the table that it loads.

    Attributes:
        world: where all of it is.
        asset: the learner's.
    """

    world: World
    asset: Any

    def register(self, *keys: str) -> None:
        """Register keys in this order, each with its file."""
        self.world.instance.add_dynamic_partitions(set_of(self.asset), keys)
        for key in keys:
            self.world.write(key, _FILES[key])

    def correct(self, *keys: str) -> None:
        """Put each key's later file into the place of its first one."""
        for key in keys:
            self.world.write(key, _LATER[key])

    def has_loaded(self, *keys: str) -> None:
        """Put the rows of these keys into the table."""
        for key in keys:
            path = str(self.world.lab.source / f"{key}.csv")
            self.world.query(f"insert into {CUSTOMER_TABLE} select *, ? from read_csv(?)", key, path)  # noqa: S608 - our own name

    def load(self, first: str, last: str) -> None:
        """Run the asset once, for a range of keys.

        Raises:
            Exception: whatever the asset raised.
        """
        self.world.materialize_range(self.asset, first, last)

    def stored(self) -> _Rows:
        """Return the rows of each key in the table."""
        rows: _Rows = {}
        everything = f"select partition_key, * exclude partition_key from {CUSTOMER_TABLE}"  # noqa: S608 - our own name
        for key, *row in self.world.query(everything):
            rows.setdefault(key, Counter())[tuple(row)] += 1
        return rows

    def in_files(self, keys: Iterable[str]) -> _Rows:
        """Return the rows in the files of these keys."""
        return {
            key: Counter(self.world.query("from read_csv(?)", str(self.world.lab.source / f"{key}.csv")))
            for key in keys
        }


def _scenario(happening: Callable[[_Customers], Miss | None]) -> Scenario:
    """Give what happens a world, and tell of an error that only a run for several keys meets."""

    def run(answer: object) -> Miss | None:
        set_of(answer)
        with new_world() as world:
            with duckdb.connect(world.lab.database) as con:
                create_table(con, CUSTOMER_TABLE)
            try:
                return happening(_Customers(world, answer))
            except dg.DagsterInvariantViolationError as error:
                if "partition_key" not in str(error):
                    raise
                return Miss(
                    "partition-key-works-in-a-range", plain(f"the run failed. {error}"), "a run that succeeds"
                )
            except Exception as error:
                if "multiple partitions" not in str(error):  # as the IO manager says
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
    customers.world.write("acme", _FILES["acme"])
    customers.world.materialize([customers.asset], "acme")
    return _compared(customers.stored(), customers.in_files(["acme"]))


@_scenario
def _three_keys(customers: _Customers) -> Miss | None:
    """Three keys are loaded in one run, acme, bluebird and zenith.eu; abacus and globex were before."""
    customers.register("abacus", "globex", *_THREE)
    customers.has_loaded("abacus", "globex")
    earlier = customers.stored()
    customers.correct("abacus")  # nobody asks for this file
    customers.load("acme", "zenith.eu")
    found = customers.stored()
    belief = ""
    if "abacus" not in found:
        belief = "emptying-the-table-is-enough"
    elif "globex" not in found:
        belief = "keys-are-ordered-by-name"
    elif "zenith" in found:
        belief = "key-ends-at-the-first-dot"
    return _compared(found, earlier | customers.in_files(_THREE), belief)


@_scenario
def _again(customers: _Customers) -> Miss | None:
    """The three keys are loaded twice, and once more after acme and bluebird have corrected their files."""
    customers.register(*_THREE)
    customers.load("acme", "zenith.eu")
    customers.load("acme", "zenith.eu")
    found, files = customers.stored(), customers.in_files(_THREE)
    has_more = any(found.get(key, Counter()) > rows for key, rows in files.items())
    if miss := _compared(found, files, "loading-twice-is-harmless" if has_more else ""):
        return miss
    customers.correct("acme", "bluebird")
    customers.load("acme", "zenith.eu")
    return _compared(customers.stored(), customers.in_files(_THREE), "loading-what-is-new-is-enough")


@_scenario
def _awkward_key(customers: _Customers) -> Miss | None:
    """One of three keys has an apostrophe: acme, o'hare and zenith.eu are loaded twice."""
    belief, keys = "quotes-make-a-key-safe", ("acme", "o'hare", "zenith.eu")
    customers.register(*keys)
    files = customers.in_files(keys)
    try:
        customers.load("acme", "zenith.eu")
        customers.load("acme", "zenith.eu")
    except (duckdb.Error, WarehouseUnavailable) as error:
        # Three keys were loaded before, so it is for its characters that this one was not.
        told = f"{type(error).__name__}: {summarize_error(error)}"
        rows = counted(files["o'hare"].total(), "row")
        return Miss(belief, plain(told), expected=f"{rows} of o'hare")
    return _compared(customers.stored(), files, belief)


@_scenario
def _lookalike(customers: _Customers) -> Miss | None:
    """The keys acme and blue_bird are loaded; blue-bird, another customer, was loaded before."""
    customers.register("blue-bird", "acme", "blue_bird")
    customers.has_loaded("blue-bird")
    customers.load("acme", "blue_bird")
    files = customers.in_files(["blue-bird", "acme", "blue_bird"])
    return _compared(customers.stored(), files, "any-comparison-finds-a-key")


@_scenario
def _late_key(customers: _Customers) -> Miss | None:
    """The key bluebird is registered after zenith.eu, and the run is for the range from acme to zenith.eu."""
    customers.register("acme", "zenith.eu")
    customers.register("bluebird")
    customers.load("acme", "zenith.eu")
    files = customers.in_files(["acme", "zenith.eu"])
    return _compared(customers.stored(), files, "keys-are-ordered-by-name")


@_scenario
def _broken_file(customers: _Customers) -> Miss | None:
    """The three keys are loaded, and loaded again when bluebird's new file is broken, and the others good."""
    customers.register(*_THREE)
    customers.load("acme", "zenith.eu")
    earlier = customers.stored()
    customers.correct("acme", "zenith.eu")
    misses = (_of_broken_file(customers, broken, earlier) for broken in _BROKEN)
    return next(filter(None, misses), None)


def _of_broken_file(customers: _Customers, broken: str, earlier: _Rows) -> Miss | None:
    customers.world.write("bluebird", broken)
    try:
        customers.load("acme", "zenith.eu")
    except Exception:  # noqa: BLE001 - however the answer refuses the file, it is right to do so
        found = customers.stored()
        is_lost = "bluebird" not in found
        belief = "delete-then-insert-is-safe" if is_lost else "broken-file-fails-alone-in-a-range"
        miss = _compared(found, {"bluebird": earlier["bluebird"]} | earlier, belief)
        return miss and replace(
            miss, seen=f"the run failed, and left {miss.seen}", expected=f"{miss.expected}, as before the run"
        )
    rows = customers.stored().get("bluebird", Counter())
    return Miss(
        "caught-errors-are-handled",
        seen="a run that succeeded, so that Dagster shows all three as materialized, and "
        f"{counted(rows.total(), 'row')} of bluebird",
        expected="a run that fails, and the rows of all three as they were",
    )


@_scenario
def _reversed_range(customers: _Customers) -> Miss | None:
    """The ends of the range are swapped: the run is for zenith.eu to acme."""
    customers.register(*_THREE)
    try:
        customers.load("zenith.eu", "acme")
    except NameError:  # a slip in the line that is to raise, and no refusal
        raise
    except Exception:  # noqa: BLE001 - any error is a refusal
        return None
    rows = sum(rows.total() for rows in customers.stored().values())
    told = f"left {counted(rows, 'row')} in the table" if rows else "loaded nothing"
    return Miss(
        "" if rows else "range-without-keys-is-noticed",
        seen=f"a run that succeeded, recorded no key, and {told}",
        expected="a run that fails, since its range holds no key",
    )


def _compared(found: _Rows, expected: _Rows, belief: str = "") -> Miss | None:
    """Return what is wrong with the rows of the first key that has others than those expected."""
    for key in expected | found:
        there, wanted = found.get(key, Counter()), expected.get(key, Counter())
        if there != wanted:
            strange = sum(count for row, count in there.items() if row not in wanted)
            aside = f", {strange} of which should not be there" if strange else ""
            return Miss(
                belief,
                seen=f"{counted(there.total(), 'row')} of {plain(key)}{aside}",
                expected=f"{counted(wanted.total(), 'row')} of {plain(key)}",
            )
    return None


def _cell(*body: str, returned: str = "None", before: str = "") -> str:
    """Write the cell with these lines as the function's body."""
    return (
        "from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def\n"
        f"{before}\n\n"
        '@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})\n'
        "def my_table(context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse) "
        f"-> {returned}:\n"
        f'{indent(chr(10).join(body), "    ")}\n\n\ncheck("4.3", my_table)'
    )


_CONNECTED = "with database.get_connection() as con:"
_DELETE = 'con.execute("delete from raw_partition_data where partition_key = ?", [key])'
_ARRIVED = 'arrived = "select *, ? as partition_key from read_csv(?)"'
_INSERT = 'con.execute(f"insert into raw_partition_data by name {arrived}", [key, path])'
_PATH = 'path = f"{source.path}/{key}.csv"'
_ONE_KEY = (
    "key = context.partition_key",
    _PATH,
    _ARRIVED,
    _CONNECTED,
    "    con.begin()",
    f"    {_DELETE}",
    f"    {_INSERT}",
    "    con.commit()",
)
_KEYS = "keys = context.partition_keys"
_REFUSE = ("if not keys:", '    raise ValueError("The range holds no key. Are its ends swapped?")')


def _in_turn(*lines: str, keys: str = _KEYS) -> str:
    """Write the cell that refuses a range without keys, and does this for each of its keys."""
    return _cell(keys, *_REFUSE, _ARRIVED, _CONNECTED, *(f"    {line}" for line in lines))


def _each(*lines: str, begin: str = "con.begin()", end: str = "con.commit()") -> tuple[str, ...]:
    """Write the loop over the keys, in one transaction."""
    return tuple(filter(None, [begin, "for key in keys:", *(f"    {line}" for line in (_PATH, *lines)), end]))


RANGE_AWARE = Exercise(
    id="4.3",
    title="Let one run load many customers",
    objective="load",
    minutes=6,
    task="This asset loads the file of one customer, and a run over a range of keys fails. Change it so that "
    "one run takes however many keys it is given, one or many, and each key's rows in `raw_partition_data` "
    "are then those of its file, once. All or nothing: a file that cannot be loaded fails the run, and then "
    "every row is as it was, those of the other keys too. A range that holds no key fails as well. (The "
    "table is there already.) `check` brings files, keys and a database of its own, and takes some seconds.",
    starter=_cell(
        "...  # change the lines below, and take this one out",
        *_ONE_KEY,
        "return path",
        returned="str",
    ),
    solution=_in_turn(*_each(_DELETE, _INSERT)),
    takeaway="context.partition_keys serves one key and a range alike. Since Dagster calls a whole range "
    "failed or materialized, let the table say the same: one transaction for all of its keys.",
    hints=(
        "The context knows all the keys of the run: context.partition_keys is a list, also of one key.",
        "A loop over the keys: does it stand inside the transaction, or is there a transaction in each turn?",
        "Dagster's default IO manager stores no value for several keys. Return nothing, and write -> None.",
        "con.begin(), for key in keys: delete and insert, con.commit(). First: if not keys, raise an error.",
    ),
    scenarios=(
        _one_key,
        _three_keys,
        _again,
        _awkward_key,
        _lookalike,
        _late_key,
        _broken_file,
        _reversed_range,
    ),
    also_right=(
        # One statement for all of them; DuckDB refuses an empty list of files by itself.
        _cell(
            "keys = list(context.partition_keys)",
            'paths = [f"{source.path}/{key}.csv" for key in keys]',
            _CONNECTED,
            '    con.execute("begin")',
            '    con.execute("delete from raw_partition_data where list_contains(?, partition_key)", [keys])',
            '    name = "parse_filename(filename, true)"',
            "    con.execute(",
            '        f"insert into raw_partition_data select * exclude filename, {name} "',
            '        "from read_csv(?, filename = true)",',
            "        [paths],",
            "    )",
            '    con.execute("commit")',
        ),
        _cell(
            "from lesson_lib.pipeline.warehouse import transaction",
            "",
            "rows = {}",
            _ARRIVED,
            "with database.get_connection() as con, transaction(con):",
            "    for key in context.partition_keys:",
            f"        {_PATH}",
            f"        {_DELETE}",
            f"        [(rows[key],)] = {_INSERT}.fetchall()",
            'assert rows, "no key"',
            "for key, count in rows.items():",
            '    context.add_asset_metadata({"rows": count}, partition_key=key)',
            'return dg.MaterializeResult(metadata={"keys": len(rows)})',
            returned="dg.MaterializeResult",
        ),
        # All files are read before the table is touched, and the range is looked up in the instance.
        _cell(
            "ends = context.partition_key_range",
            'registered = context.instance.get_dynamic_partitions("s3")',
            "keys = registered[registered.index(ends.start) : registered.index(ends.end) + 1]",
            "if keys == []:",
            '    raise dg.Failure("no key in this range")',
            "frames = []",
            "for key in keys:",
            '    frame = pd.read_csv(f"{source.path}/{key}.csv", parse_dates=["date"])',
            '    frames.append(frame.assign(partition_key=key).astype({"amount": float}))',
            "arrived = pd.concat(frames)",
            "con = duckdb.connect(database.database)",
            "con.begin()",
            "con.execute(",
            '    "delete from raw_partition_data where partition_key in (select partition_key from arrived)"',
            ")",
            'con.execute("insert into raw_partition_data by name from arrived")',
            "con.commit()",
            "con.close()",
            before="import pandas as pd\n",
        ),
    ),
    wrong=(
        (_cell(*_ONE_KEY), "partition-key-works-in-a-range"),
        (_cell(*_ONE_KEY, "return path", returned="str"), "partition-key-works-in-a-range"),
        (
            _cell(
                _KEYS,
                *_REFUSE,
                _ARRIVED,
                _CONNECTED,
                *(f"    {line}" for line in _each(_DELETE, _INSERT)),
                "return keys",
                returned="list",
            ),
            "any-result-suits-a-range",
        ),
        (
            _in_turn(*_each(_DELETE, _INSERT)).replace(" -> None", ""),
            "any-result-suits-a-range",
        ),
        (_in_turn(*_each(_DELETE.replace("= ?", "like ?"), _INSERT)), "any-comparison-finds-a-key"),
        (
            _in_turn(
                "con.begin()",
                'between = "partition_key between ? and ?"',
                'con.execute(f"delete from raw_partition_data where {between}", [keys[0], keys[-1]])',
                *_each(_INSERT, begin=""),
            ),
            "keys-are-ordered-by-name",
        ),
        (
            _in_turn(*_each(_DELETE, _INSERT)).replace("read_csv(?)", "read_csv(?, ignore_errors = true)"),
            "caught-errors-are-handled",
        ),
        (_in_turn(*_each(_INSERT)), "loading-twice-is-harmless"),
        (
            _in_turn(
                *_each(
                    'known = "select 1 from raw_partition_data where partition_key = ?"',
                    "if not con.execute(known, [key]).fetchall():",
                    f"    {_INSERT}",
                )
            ),
            "loading-what-is-new-is-enough",
        ),
        (
            _in_turn(*_each('con.execute("delete from raw_partition_data")', _INSERT)),
            "emptying-the-table-is-enough",
        ),
        (
            _in_turn('con.execute("truncate raw_partition_data")', *_each(_INSERT)),
            "emptying-the-table-is-enough",
        ),
        (
            _in_turn(
                "con.begin()",
                'con.execute(f"delete from raw_partition_data where partition_key in {tuple(keys)}")',
                *_each(_INSERT, begin=""),
            ),
            "quotes-make-a-key-safe",
        ),
        (
            _in_turn(
                *_each(_DELETE, _INSERT),
                keys="ends = context.partition_key_range\n"
                'registered = context.instance.get_dynamic_partitions("s3")\n'
                "keys = [key for key in registered if ends.start <= key <= ends.end]",
            ),
            "keys-are-ordered-by-name",
        ),
        (_in_turn(*_each(_DELETE, _INSERT, begin="", end="")), "delete-then-insert-is-safe"),
        (
            _in_turn(*_each("con.begin()", _DELETE, _INSERT, "con.commit()", begin="", end="")),
            "broken-file-fails-alone-in-a-range",
        ),
        (
            _in_turn(
                "broken = []",
                *_each(
                    "con.begin()",
                    "try:",
                    f"    {_DELETE}",
                    f"    {_INSERT}",
                    "    con.commit()",
                    "except duckdb.Error:",
                    "    con.rollback()",
                    "    broken.append(key)",
                    begin="",
                    end="",
                ),
                "if broken:",
                '    raise ValueError(f"{broken} cannot be read; the others are loaded.")',
            ),
            "broken-file-fails-alone-in-a-range",
        ),
        (
            _in_turn(
                *_each(
                    "con.begin()",
                    "try:",
                    f"    {_DELETE}",
                    f"    {_INSERT}",
                    "    con.commit()",
                    "except duckdb.Error as error:",
                    "    con.rollback()",
                    '    context.log.warning(f"{key} is left out: {error}")',
                    begin="",
                    end="",
                )
            ),
            "caught-errors-are-handled",
        ),
        (
            _cell(_KEYS, _ARRIVED, _CONNECTED, *(f"    {line}" for line in _each(_DELETE, _INSERT))),
            "range-without-keys-is-noticed",
        ),
    ),
)
