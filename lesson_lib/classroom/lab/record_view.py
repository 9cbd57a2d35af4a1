"""The boards of the three records, and of what differs between two moments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lesson_lib.classroom.display.board import Board, Line, Mark, Strip, Table, describe, group_keys
from lesson_lib.classroom.display.safe_text import MAX_NAME_LENGTH, format_count, make_plain
from lesson_lib.classroom.lab.three_records import ThreeRecords
from lesson_lib.pipeline.audit import KeyRecords, State, group_by_state

_MAX_ROWS = 30  # keys; more are summarised
_MAX_DISAGREEING = 20  # keys below a summary
_MAX_NAMES = 4  # keys in a line

_Pair = tuple[KeyRecords, KeyRecords]  # before and after

_MARKS = {
    State.AGREE: Mark.GOOD,
    State.ANNOUNCED: Mark.OPEN,
    State.BEGUN: Mark.OPEN,
    State.HISTORY: Mark.OPEN,
    State.ROWS_UNKNOWN: Mark.OPEN,
    State.FAILED: Mark.ODD,
    # Superfluous rows are untidy; rows that are missing are lost.
    State.ROWS_MISSING: Mark.BAD,
    State.NOT_RECORDED: Mark.ODD,
    State.LEFT_BEHIND: Mark.ODD,
    State.NO_KEY: Mark.ODD,
}

_EXPLANATIONS = {
    State.ANNOUNCED: "registered, but nothing has run yet. That is not a disagreement.",
    State.BEGUN: "only some of the assets are materialized. Materialize the others.",
    State.FAILED: "its run failed before a load was recorded. Fix the cause and materialize it again.",
    State.ROWS_MISSING: "it was materialized, but the table has no rows of it. Materialize it again.",
    State.NOT_RECORDED: "the table has rows, but not every asset has a recorded run here. Materialize it.",
    State.LEFT_BEHIND: "the table has rows of a key that is not registered. Delete them or register the key.",
    State.NO_KEY: "partition_key is NULL in these rows. Delete them, or store whose they are.",
    State.HISTORY: "materialized before, but not registered now. Deleting a key keeps its materializations.",
}

_COLUMNS = ("key", "registered", "materialized", "rows")


@describe.register
def describe_records(records: ThreeRecords) -> Board:
    """Describe keys x (registered, materialized, rows), and explain in words where they disagree."""
    groups = group_by_state(records.keys)
    odd = [record for state, found in groups.items() if state.disagrees for record in found]
    if len(records.keys) > _MAX_ROWS:
        more = f", the first {_MAX_DISAGREEING} of {len(odd):,}" if len(odd) > _MAX_DISAGREEING else ""
        caption = f"The keys that disagree{more}:"
        tables = [_summarize(groups), _make_table(caption, odd[:_MAX_DISAGREEING], records.assets)]
    else:
        tables = [_make_table("", records.keys, records.assets)]
    explanations = [_explain(state) for state in _EXPLANATIONS if groups[state]]
    title, mark = _judge(records, groups, len(odd))
    return Board(title, [_make_strip(records), *tables, *explanations, *_make_remarks(records, groups)], mark)


def _make_strip(records: ThreeRecords) -> Strip:
    """Draw what the records say of each key: the registered ones in their order, then the others."""
    segments = group_keys((record.state.value, _MARKS[record.state]) for record in records.keys)
    names = [_format_name(record) for record in records.keys]
    ends = (names[0], names[-1]) if names else None
    is_registered = all(record.registered for record in records.keys)
    caption = (
        "Keys in the order of registration" if is_registered else "Registered keys in order, then the others"
    )
    return Strip(caption, segments, ends, is_in_text=len(names) > _MAX_ROWS)


def describe_changes(before: ThreeRecords, after: ThreeRecords) -> Board:
    """Describe only the keys of which a record differs, and what it was before."""
    table, changed = after.table, _list_changes(before, after)
    groups = _group_alike(changed, after.assets) if len(changed) > _MAX_ROWS else [[pair] for pair in changed]
    rows = [_make_row(group, after.assets) for group in groups]
    states = {new.state for _, new in changed if _exists(new)}
    explanations = [_explain(state) for state in _EXPLANATIONS if state in states and state.disagrees]
    remarks = []
    if before.has_table != after.has_table:
        remarks.append(Line(f"The table {table} is {'new' if after.has_table else 'gone'}."))
    if before.unassigned_rows != after.unassigned_rows:
        counts = f"{before.unassigned_rows:,} → {after.unassigned_rows:,}"
        remarks.append(Line(f"Rows in {table}, which does not say whose they are: {counts}."))
    what = f"the table {table}" if remarks else "nothing in the three records"
    if changed:
        what = f"the three records of {format_count(len(changed), 'key')}"
    return Board(
        f"This cell changed {what}", [Table("", (*_COLUMNS, "verdict now"), rows), *explanations, *remarks]
    )


def _judge(records: ThreeRecords, groups: Mapping[State, Sequence[KeyRecords]], odd: int) -> tuple[str, Mark]:
    subject = f"The three records of {format_count(len(records.keys), 'key')}"
    if odd:
        mark = Mark.BAD if groups[State.ROWS_MISSING] else Mark.ODD
        return f"{subject}: {odd:,} {'disagrees' if odd == 1 else 'disagree'}", mark
    if records.unassigned_rows:
        return f"{subject}: the table does not say which keys its rows belong to", Mark.OPEN
    if not records.keys:
        return "The three records are empty: no keys, no materializations, no rows", Mark.OPEN
    if failed := sum(any(record.failed) for record in records.keys):
        return f"{subject} agree, but the last run failed for {failed:,}", Mark.ODD
    return f"{subject} agree", Mark.GOOD


def _explain(state: State) -> Line:
    return Line(f"{state.value}: {_EXPLANATIONS[state]}", _MARKS[state])


def _make_remarks(records: ThreeRecords, groups: Mapping[State, Sequence[KeyRecords]]) -> Iterator[Line]:
    table = records.table
    if kept := [record for record in groups[State.AGREE] if any(record.failed)]:
        remark = f"{_format_names(kept)}: the last run failed, so the rows come from an earlier run."
        yield Line(remark, Mark.ODD)
    if not records.has_table:
        lacking = f"the database has no table {table}" if records.has_database else "there is no database"
        yield Line(f"There are no rows: {lacking}.", Mark.OPEN)
    if records.unassigned_rows:
        rows = format_count(records.unassigned_rows, "row")
        remark = f"{table} has {rows} but no column partition_key, so it does not say whose they are."
        yield Line(remark, Mark.OPEN)


def _make_table(caption: str, records: Iterable[KeyRecords], assets: Sequence[str]) -> Table:
    rows = [
        _make_row([(record, record)], assets, Mark.ODD if any(record.failed) else None) for record in records
    ]
    return Table(caption, (*_COLUMNS, "verdict"), rows)


def _summarize(groups: Mapping[State, Sequence[KeyRecords]]) -> Table:
    rows = [
        (
            Line(state.value, _MARKS[state]),
            Line(f"{len(found):,}"),
            Line(f"{sum(record.rows or 0 for record in found):,}"),
            Line(_format_names(found)),
        )
        for state, found in groups.items()
        if found
    ]
    return Table("", ("verdict", "keys", "rows", "which"), rows)


def _format_names(records: Sequence[KeyRecords]) -> str:
    if len(records) <= _MAX_NAMES:
        return ", ".join(map(_format_name, records))
    return f"{', '.join(map(_format_name, records[: _MAX_NAMES - 1]))}, … {_format_name(records[-1])}"


def _format_name(record: KeyRecords) -> str:
    if record.key is None:
        return "(NULL)"
    name = make_plain(record.key, MAX_NAME_LENGTH) or "(empty)"
    return name if record.key.strip() == record.key else f'"{name}"'  # else its blanks would be invisible


def _format_materialized(record: KeyRecords, assets: Sequence[str]) -> str:
    done = [name for name, number in zip(assets, record.materialized, strict=True) if number is not None]
    if not done:
        return "failed" if any(record.failed) else "no"
    text = f"{len(done)} of {len(assets)} assets" if len(done) > 1 else f"{done[0]} only"
    if len(done) == len(assets):
        text = "yes"
    return f"{text}, the last run failed" if any(record.failed) else text


def _list_changes(before: ThreeRecords, after: ThreeRecords) -> list[_Pair]:
    number = len(after.assets)
    earlier, later = ({record.key: record for record in records.keys} for records in (before, after))
    changed = []
    for key in dict.fromkeys([*later, *earlier]):
        empty = KeyRecords(
            key, registered=False, materialized=(None,) * number, failed=(False,) * number, rows=0
        )
        old, new = earlier.get(key, empty), later.get(key, empty)
        # Without a column of keys, it is not known whether the rows of this key differ.
        if new != (replace(old, rows=new.rows) if None in (old.rows, new.rows) else old):
            changed.append((old, new))
    return changed


def _exists(record: KeyRecords) -> bool:
    return record.registered or any(record.materialized) or record.rows != 0


def _make_row(pairs: Sequence[_Pair], assets: Sequence[str], mark: Mark | None = None) -> Sequence[Line]:
    """Return the row of one key, or of several that changed in the same way, with a mark of their runs."""
    (old, new), *_ = pairs
    registered = ("yes" if record.registered else "no" for record in (old, new))
    rows = (f"{sum(record.rows or 0 for record in records):,}" for records in zip(*pairs, strict=True))
    names = _format_names([record for _, record in pairs])
    return (
        Line(f"{format_count(len(pairs), 'key')}: {names}" if len(pairs) > 1 else names),
        Line(_format_change(*registered)),
        Line(_format_materialization_change(old, new, assets), mark),
        Line("?" if None in (old.rows, new.rows) else _format_change(*rows)),
        Line(new.state.value, _MARKS[new.state]) if _exists(new) else Line("gone"),
    )


def _group_alike(pairs: Iterable[_Pair], assets: Sequence[str]) -> Iterable[Sequence[_Pair]]:
    """Group keys that changed in the same way, however many rows they have."""
    groups: dict[object, list[_Pair]] = {}
    for old, new in pairs:
        materialized = _format_materialization_change(old, new, assets)
        kind = old.registered, new.registered, materialized, old.state, new.state, _exists(new)
        groups.setdefault(kind, []).append((old, new))
    return groups.values()


def _format_materialization_change(old: KeyRecords, new: KeyRecords, assets: Sequence[str]) -> str:
    text = _format_change(_format_materialized(old, assets), now := _format_materialized(new, assets))
    is_repeated = (old.materialized, old.failed) != (new.materialized, new.failed)
    return f"{now}, again" if text == now and is_repeated else text


def _format_change(old: str, new: str) -> str:
    return new if old == new else f"{old} → {new}"
