"""The three records of each key, and what differs between two moments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lesson_lib.classroom.display.board import Block, Board, Line, Mark, Table
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.display.safe_text import counted, plain
from lesson_lib.pipeline.audit import KeyRecords, State, group_by_state

_ONE_BY_ONE = 30  # keys; more are summarised
_LISTED = 20  # keys that disagree
_IN_A_LINE = 4  # keys
_LONGEST_KEY = 60  # characters

_Pair = tuple[KeyRecords, KeyRecords]  # before and after

_MARKS = {
    State.AGREE: Mark.GOOD,
    State.ANNOUNCED: Mark.OPEN,
    State.BEGUN: Mark.OPEN,
    State.HISTORY: Mark.OPEN,
    State.ROWS_UNKNOWN: Mark.OPEN,
    State.FAILED: Mark.ODD,
    # Rows that nobody asked for are untidy; rows that are missing are lost.
    State.ROWS_MISSING: Mark.BAD,
    State.NOT_RECORDED: Mark.ODD,
    State.LEFT_BEHIND: Mark.ODD,
    State.NO_KEY: Mark.ODD,
}

_EXPLAINED = {
    State.ANNOUNCED: "registered, and nothing has run yet. That is no disagreement.",
    State.BEGUN: "some of the assets are materialized, not all. Materialize the others.",
    State.FAILED: "its run failed before a load was recorded. Mend the cause, and materialize it again.",
    State.ROWS_MISSING: "materialized once, and the table has no rows of it. Materialize it again.",
    State.NOT_RECORDED: "there are rows, and not every asset has a record of a run here. Materialize it.",
    State.LEFT_BEHIND: "rows of a key that is not registered. Delete them, or register the key.",
    State.NO_KEY: "in these rows partition_key is NULL. Delete them, or store whose they are.",
    State.HISTORY: "materialized once, and not registered now. Deleting a key keeps its materializations.",
}


_COLUMNS = ("key", "registered", "materialized", "rows")


@dataclass(frozen=True, repr=False)
class ThreeRecords(Displayable):
    """What the three records hold at one moment; two of them are equal if nothing has happened in between.

    Attributes:
        assets: the names of the assets, in the order given.
        table: the table that was asked for rows.
        keys: each key with what is recorded of it: the registered ones in their order, then the others.
        has_database: whether there is a database.
        has_table: whether there is such a table in it.
        nobodys_rows: how many rows there are, if the table has no column `partition_key`; else 0.
    """

    assets: tuple[str, ...]
    table: str
    keys: tuple[KeyRecords, ...]
    has_database: bool
    has_table: bool
    nobodys_rows: int

    def board(self) -> Board:
        """Describe what it shows."""
        return records_board(self)


@dataclass(frozen=True, repr=False)
class Changes(Displayable):
    """The three records before and after something was done."""

    before: ThreeRecords
    after: ThreeRecords

    def board(self) -> Board:
        """Describe what differs."""
        return changes_board(self)


def records_board(records: ThreeRecords) -> Board:
    """Show keys x (registered, materialized, rows), and explain in words where they do not agree."""
    groups = group_by_state(records.keys)
    blocks: list[Block] = []
    if len(records.keys) > _ONE_BY_ONE:
        blocks.append(_summary(groups))
        if odd := [record for state, found in groups.items() if state.disagrees for record in found]:
            more = f", the first {_LISTED} of {len(odd):,}" if len(odd) > _LISTED else ""
            blocks.append(_table(f"The keys that disagree{more}:", odd[:_LISTED], records.assets))
    elif records.keys:
        blocks.append(_table("", records.keys, records.assets))
    blocks += [_explained(state) for state in _EXPLAINED if groups[state]]
    blocks += _remarks(records, groups)
    title, mark = _verdict(records, groups)
    return Board(title, blocks, mark)


def changes_board(changes: Changes) -> Board:
    """Show only the keys of which a record differs, and what it was before."""
    before, after = changes.before, changes.after
    assets = after.assets
    earlier = {record.key: record for record in before.keys}
    later = {record.key: record for record in after.keys}
    pairs = [
        (earlier.get(key) or _nothing(key, assets), later.get(key) or _nothing(key, assets))
        for key in dict.fromkeys([*later, *earlier])
    ]
    changed = [(old, new) for old, new in pairs if _differ(old, new)]
    blocks: list[Block] = []
    if changed:
        rows = [_change([pair], assets) for pair in changed]
        if len(changed) > _ONE_BY_ONE:
            rows = [_change(alike, assets) for alike in _alike(changed, assets)]
        blocks.append(Table("", (*_COLUMNS, "verdict now"), rows))
    states = {new.state for _, new in changed if _is_there(new)}
    blocks += [_explained(state) for state in _EXPLAINED if state in states and state.disagrees]
    if before.has_table != after.has_table:
        blocks.append(Line(f"The table {after.table} is {'new' if after.has_table else 'gone'}."))
    if before.nobodys_rows != after.nobodys_rows:
        counts = f"{before.nobodys_rows:,} → {after.nobodys_rows:,}"
        blocks.append(Line(f"Rows in {after.table}, which does not say whose they are: {counts}."))
    if changed:
        return Board(f"This cell changed the three records of {counted(len(changed), 'key')}", blocks)
    if blocks:
        return Board(f"This cell changed the table {after.table}", blocks)
    return Board("This cell changed nothing in the three records")


def _verdict(records: ThreeRecords, groups: Mapping[State, Sequence[KeyRecords]]) -> tuple[str, Mark]:
    of_keys = f"The three records of {counted(len(records.keys), 'key')}"
    odd = sum(len(found) for state, found in groups.items() if state.disagrees)
    failed = sum(any(record.failed) for record in records.keys)
    if odd:
        mark = Mark.BAD if groups[State.ROWS_MISSING] else Mark.ODD
        return f"{of_keys}: {odd:,} {'disagrees' if odd == 1 else 'disagree'}", mark
    if records.nobodys_rows:
        return f"{of_keys}: nothing says whose the rows are", Mark.OPEN
    if not records.keys:
        return "The three records are empty: no key, no materialization, no rows", Mark.OPEN
    if failed:
        return f"{of_keys} do not contradict each other; the last run failed for {failed:,}", Mark.ODD
    return f"{of_keys} agree", Mark.GOOD


def _explained(state: State) -> Line:
    return Line(f"{state.value}: {_EXPLAINED[state]}", _MARKS[state])


def _remarks(records: ThreeRecords, groups: Mapping[State, Sequence[KeyRecords]]) -> Iterator[Line]:
    if kept := [record for record in groups[State.AGREE] if any(record.failed)]:
        yield Line(
            f"{_names(kept)}: the last run failed, and the rows are those of an earlier run.", Mark.ODD
        )
    if not records.has_table:
        lacking = (
            f"the database has no table {records.table}" if records.has_database else "there is no database"
        )
        yield Line(f"There are no rows: {lacking}.", Mark.OPEN)
    if records.nobodys_rows:
        rows = counted(records.nobodys_rows, "row")
        yield Line(
            f"{records.table} has {rows} and no column partition_key, so nothing says whose they are.",
            Mark.OPEN,
        )


def _table(caption: str, records: Iterable[KeyRecords], assets: Sequence[str]) -> Table:
    rows = [
        (
            Line(_name(record)),
            Line(_yes(record.registered)),
            Line(_materialized(record, assets), Mark.ODD if any(record.failed) else None),
            Line("?" if record.rows is None else f"{record.rows:,}"),
            Line(record.state.value, _MARKS[record.state]),
        )
        for record in records
    ]
    return Table(caption, (*_COLUMNS, "verdict"), rows)


def _summary(groups: Mapping[State, Sequence[KeyRecords]]) -> Table:
    rows = [
        (
            Line(state.value, _MARKS[state]),
            Line(f"{len(found):,}"),
            Line(f"{sum(record.rows or 0 for record in found):,}"),
            Line(_names(found)),
        )
        for state, found in groups.items()
        if found
    ]
    return Table("", ("verdict", "keys", "rows", "which"), rows)


def _names(records: Sequence[KeyRecords]) -> str:
    """Name the first ones and the last one."""
    if len(records) <= _IN_A_LINE:
        return ", ".join(map(_name, records))
    return f"{', '.join(map(_name, records[: _IN_A_LINE - 1]))}, … {_name(records[-1])}"


def _name(record: KeyRecords) -> str:
    if record.key is None:
        return "(NULL)"
    name = plain(record.key, _LONGEST_KEY) or "(empty)"
    return name if record.key.strip() == record.key else f'"{name}"'  # else nobody would see its blanks


def _yes(yes: bool) -> str:  # noqa: FBT001 - it puts a bool into words
    return "yes" if yes else "no"


def _materialized(record: KeyRecords, assets: Sequence[str]) -> str:
    done = [name for name, number in zip(assets, record.materialized, strict=True) if number is not None]
    if not done:
        return "failed" if any(record.failed) else "no"
    told = f"{len(done)} of {len(assets)} assets" if len(done) > 1 else f"{done[0]} only"
    if len(done) == len(assets):
        told = "yes"
    return f"{told}, the last run failed" if any(record.failed) else told


def _nothing(key: str | None, assets: Sequence[str]) -> KeyRecords:
    """Return what the records hold of a key of which they hold nothing."""
    none = len(assets)
    return KeyRecords(key, registered=False, materialized=(None,) * none, failed=(False,) * none, rows=0)


def _differ(old: KeyRecords, new: KeyRecords) -> bool:
    if None in (old.rows, new.rows):  # nothing says whose the rows are, so none of them are known to differ
        old = replace(old, rows=new.rows)
    return old != new


def _is_there(record: KeyRecords) -> bool:
    return record.registered or any(record.materialized) or record.rows != 0


def _change(pairs: Sequence[_Pair], assets: Sequence[str]) -> Sequence[Line]:
    """Return the line of one key that changed, or of several that changed in the same way."""
    (old, new), *_ = pairs
    rows = (sum(record.rows or 0 for record in records) for records in zip(*pairs, strict=True))
    now = Line(new.state.value, _MARKS[new.state]) if _is_there(new) else Line("gone")
    names = _names([record for _, record in pairs])
    return (
        Line(f"{counted(len(pairs), 'key')}: {names}" if len(pairs) > 1 else names),
        Line(_arrow(_yes(old.registered), _yes(new.registered))),
        Line(_materialization_change(old, new, assets)),
        Line("?" if None in (old.rows, new.rows) else _arrow(*(f"{count:,}" for count in rows))),
        now,
    )


def _alike(pairs: Iterable[_Pair], assets: Sequence[str]) -> Iterable[Sequence[_Pair]]:
    """Group what changed in the same way, however many rows there are."""
    groups: dict[object, list[_Pair]] = {}
    for old, new in pairs:
        registered = old.registered, new.registered
        groups.setdefault(
            (registered, _materialization_change(old, new, assets), old.state, new.state, _is_there(new)), []
        ).append((old, new))
    return groups.values()


def _materialization_change(old: KeyRecords, new: KeyRecords, assets: Sequence[str]) -> str:
    told = _arrow(_materialized(old, assets), now := _materialized(new, assets))
    if told == now and (old.materialized, old.failed) != (new.materialized, new.failed):
        return f"{now}, again"
    return told


def _arrow(old: str, new: str) -> str:
    return new if old == new else f"{old} → {new}"
