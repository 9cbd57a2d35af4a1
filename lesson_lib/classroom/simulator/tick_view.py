"""What a sensor asked for at a tick, and what became of it; and the history of several ticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import compress

from lesson_lib.classroom.display.board import Block, Board, Facts, Line, Mark, Table
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.display.error_view import told_of
from lesson_lib.classroom.display.request_view import reason, timeless
from lesson_lib.classroom.display.safe_text import (
    LONGEST_NAME,
    Bounded,
    both_ends,
    counted,
    in_a_line,
    listed,
    plain,
    shortened,
)
from lesson_lib.pipeline.sensor.cursor import Cursor

_MOST_RUNS = 10  # in the table of one tick
_MOST_REQUESTS = 10  # for keys
_MOST_CAUSES = 3  # of failed runs
_MOST_LINES = 20  # of a sensor's log
_MOST_NAMES, _FEW_NAMES = 6, 3  # of files at a tick, and of keys in a line of the history
_MOST_TICKS = 40  # in the history, the latest ones
_LONGEST_CURSOR, _SHORT_CURSOR = 120, 44  # characters: at a tick, and in a line of the history
_ENDLESS = 20_000  # characters, of which only the beginning and the end are read
_NO_NAME = '""'  # the empty name, so that it can be seen


class Became(StrEnum):
    """What became of a run request."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    QUEUED = "queued"
    DROPPED = "dropped: this run key has had its run"


_MARKS = {
    Became.SUCCEEDED: Mark.GOOD,
    Became.FAILED: Mark.BAD,
    Became.QUEUED: Mark.OPEN,
    Became.DROPPED: Mark.ODD,
}


@dataclass(frozen=True)
class Files:
    """The names in a folder at a tick, beside what was there at the tick before."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    same: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeysAsked:
    """One request for keys, and what it came to.

    Attributes:
        deed: `add` or `delete`.
        set_name: the set that they are to be added to, or deleted from.
        keys: that were asked for.
        done: those that were added or deleted; the others were there already, or were not there.
        refused: whether the instance refused the request, which made the tick fail.
    """

    deed: str
    set_name: str
    keys: tuple[str, ...]
    done: tuple[str, ...]
    refused: bool = False


@dataclass(frozen=True)
class RunAsked:
    """One run request, and what became of it.

    Attributes:
        partition: its key, or the first and the last key of a range.
        run_key: by which the daemon knows it again.
        job: its name.
        became: what became of it.
        why: what made the run fail; empty if nothing did.
    """

    partition: str | None
    run_key: str | None
    job: str
    became: Became
    why: str = ""


@dataclass(frozen=True, repr=False)
class Tick(Displayable):
    """One evaluation of a sensor, and all that came of it.

    Attributes:
        number: from 1 on.
        files: what lay in the folder that the simulator was told to watch.
        cursor_before: what the sensor was given.
        cursor_after: what it will be given at the next tick.
        keys: the requests for keys, in their order.
        runs: the run requests, in their order, as far as it came to them.
        not_begun: how many run requests it did not come to, since the tick failed.
        events: how many events of assets were recorded without a run.
        skip_reason: why no run was asked for.
        log: the lines that the sensor logged, each with its level.
        error: what made the tick fail; None if nothing did.
        resumed: whether the sensor was not evaluated, since the tick before could not begin these runs.
    """

    number: int
    files: Files
    cursor_before: str | None
    cursor_after: str | None
    keys: tuple[KeysAsked, ...] = ()
    runs: tuple[RunAsked, ...] = ()
    not_begun: int = 0
    events: int = 0
    skip_reason: str = ""
    log: tuple[tuple[str, str], ...] = ()
    error: BaseException | None = None
    resumed: bool = False

    def board(self) -> Board:
        """Describe what there was to see, what was asked for, what was done, and what is remembered."""
        before = [
            ("in the folder", _files(self.files)),
            ("cursor before", _cursor(self.cursor_before) or "none"),
        ]
        if self.resumed:
            before.append(("not evaluated", "the tick before could not begin these runs, so they come first"))
        asked = [request for request in self.keys if request.keys]
        before += [*map(_keys, asked[:_MOST_REQUESTS]), *_more(asked[_MOST_REQUESTS:], "request", "for keys")]
        if self.events:
            before.append(("recorded", counted(self.events, "event") + " of assets, without a run"))
        failed = self.became(Became.FAILED)
        after = [*map(_cause, failed[:_MOST_CAUSES]), *_more(failed[_MOST_CAUSES:], "run", "failed")]
        if self.skip_reason and not self.error:
            after.append(("why no run", reason(self.skip_reason[:_ENDLESS])))
        log = [text for _, text in self.log if text != self.skip_reason]
        after += [("logged", _sentence(text)) for text in log[:_MOST_LINES]]
        after += _more(log[_MOST_LINES:], "line", "logged")
        if self.not_begun:
            after.append(("not begun", f"{counted(self.not_begun, 'run')}, since the tick failed"))
        if self.error:
            after += [(name.lower(), text) for name, text in told_of(self.error)]
        after.append(("cursor after", _after(self) or "none"))
        before = [(name, value) for name, value in before if value]
        # One list where no table comes between, so that all of it stands in line.
        blocks: list[Block] = (
            [Facts(before), _runs_table(self.runs), Facts(after)] if self.runs else [Facts([*before, *after])]
        )
        return Board(f"Tick {self.number}: {_asked(self)}", blocks, _mark(self))

    def became(self, *outcomes: Became) -> list[RunAsked]:
        """Return the runs of which this became."""
        return [run for run in self.runs if run.became in outcomes]


def history_board(ticks: Sequence[Tick]) -> Board:
    """Describe several ticks, a line each."""
    if not ticks:
        return Board("No tick so far", [Line("Each call of tick() evaluates the sensor once.")], Mark.OPEN)
    columns = (
        "tick",
        "in the folder",
        "keys asked for",
        "runs asked for",
        "what became of it",
        "cursor after",
    )
    rows = [
        [
            Line(f"{tick.number}", _mark(tick)),
            Line(_files(tick.files, is_short=True)),
            Line(_named(_keys_of(tick))),
            Line(_runs_of(tick)),
            Line(_outcomes(tick)),
            Line(_after(tick, _SHORT_CURSOR)),
        ]
        for tick in ticks[-_MOST_TICKS:]
    ]
    blocks: list[Block] = [_table(columns, rows)]
    if earlier := len(ticks) - len(rows):
        blocks.insert(0, Line(f"{counted(earlier, 'earlier tick')} not shown."))
    asked = sum(len(tick.runs) + tick.not_begun for tick in ticks)
    return Board(f"{counted(len(ticks), 'tick')}, {counted(asked, 'run')} asked for", blocks)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Line]]) -> Table:
    """Leave out the columns in which no row has anything to say, such as a folder that nobody watches."""
    told = [any(row[column].text for row in rows) for column in range(len(columns))]
    cells = [[Line(cell.text or "none", cell.mark) for cell in compress(row, told)] for row in rows]
    return Table("", list(compress(columns, told)), cells)


def _more(others: Sequence[object], thing: str, what: str) -> list[tuple[str, str]]:
    return [("and", f"{counted(len(others), f'more {thing}')} {what}")] if others else []


def _asked(tick: Tick) -> str:
    if tick.error:
        return "failed"
    asked = ((len(_keys_of(tick)), "key"), (len(tick.runs), "run"))
    told = " and ".join(counted(number, thing) for number, thing in asked if number)
    return f"{told or 'nothing'} asked for"


def _mark(tick: Tick) -> Mark:
    if tick.error:
        return Mark.BAD
    if tick.became(Became.FAILED, Became.DROPPED):
        return Mark.ODD
    return Mark.GOOD if _keys_of(tick) or tick.runs else Mark.OPEN


def _files(files: Files, *, is_short: bool = False) -> str:
    told = [
        f"{len(names):,} {what}" if is_short and len(names) > _FEW_NAMES else f"{what}: {_listed(names)}"
        for what, names in (("new", files.new), ("changed", files.changed), ("gone", files.gone))
        if names
    ]
    return Bounded("; ".join([*told, *([f"{len(files.same):,} as before"] if files.same else [])]))


def _keys(request: KeysAsked) -> tuple[str, str]:
    adds = request.deed == "add"
    done, rest = ("added", "there already") if adds else ("deleted", "not there")
    known = set(request.done)
    others = [key for key in request.keys if key not in known]
    parts = [
        f"{what}: {_listed(keys)}"
        for what, keys in ((done, request.done), ("refused" if request.refused else rest, others))
        if keys
    ]
    return (
        f'{"to add to" if adds else "to delete from"} "{shortened(request.set_name, LONGEST_NAME)}"',
        Bounded("; ".join([counted(len(request.keys), "key"), *parts])),
    )


def _runs_table(runs: Sequence[RunAsked]) -> Table:
    shown = both_ends(runs, _MOST_RUNS)
    has_several_jobs = len({run.job for run in runs}) > 1
    rows = [
        [
            Line(_name(_label(run))),
            Line(shortened(timeless(run.run_key or ""), LONGEST_NAME)),
            Line(shortened(run.job, LONGEST_NAME) * has_several_jobs),
            Line(run.became, _MARKS[run.became]),
        ]
        for run in shown
    ]
    table = _table(("run of", "run key", "job", "what became of it"), rows)
    return table.with_gap(len(runs) - len(shown))


def _label(run: RunAsked) -> str:
    """Return by what a run is known: by its key if it has one."""
    if run.partition is not None:
        return run.partition
    # What Dagster makes for a sensor with target=assets has no name that anybody would know.
    return "no partition" if run.job.startswith("__") else run.job


def _cause(run: RunAsked) -> tuple[str, str]:
    # What then failed is for lack of a key, and would say that none was passed.
    is_empty = run.partition == ""
    why = "the partition key is empty, so Dagster made a run without a partition" if is_empty else run.why
    return f"{_name(_label(run))} failed", _sentence(why)


def _after(tick: Tick, longest: int = _LONGEST_CURSOR) -> str:
    if tick.cursor_after != tick.cursor_before:
        return _cursor(tick.cursor_after, longest)
    if tick.error:
        return "as before, since the tick failed"
    return "as before" if tick.cursor_before else ""


def _cursor(cursor: str | None, longest: int = _LONGEST_CURSOR) -> str:
    if not cursor:
        return ""
    try:
        words = Cursor.from_json(cursor)
    except ValueError:
        return _cut_cursor(cursor, longest)
    # Those of the library's own sensor stand for names and times: what they are is another on each machine.
    not_yet = f", {len(words.seen):,} not yet" if words.seen else ""
    retired = f", {counted(len(words.retired), 'key')} to be retired" if words.retired else ""
    return f"{counted(len(words.done), 'file')} dealt with{not_yet}{retired}"


def _cut_cursor(cursor: str, longest: int) -> str:
    """Leave out what differs tomorrow, and then the middle: a time that is cut in two is not known as one."""
    half = _ENDLESS // 2
    is_endless = len(cursor) > _ENDLESS
    text = timeless(cursor[:half]) + timeless(cursor[-half:]) if is_endless else timeless(cursor)
    if len(text) <= longest:
        return text
    ends = f"{text[: longest // 2]} … {text[-(longest // 2) :]}"
    count = f"over {_ENDLESS:,}" if is_endless else f"{len(text):,}"
    return ends if longest == _SHORT_CURSOR else f"{ends} ({count} characters)"


def _keys_of(tick: Tick) -> list[str]:
    return [key for request in tick.keys for key in request.keys]


def _runs_of(tick: Tick) -> str:
    is_same = tick.runs and [run.partition for run in tick.runs] == _keys_of(tick)
    begun = f"{len(tick.runs):,}: the same" if is_same else _named(list(map(_label, tick.runs)))
    return "; ".join(filter(None, (begun, f"{tick.not_begun:,} not begun" if tick.not_begun else "")))


def _outcomes(tick: Tick) -> str:
    added, deleted = (
        sum(len(request.done) for request in tick.keys if request.deed == deed) for deed in ("add", "delete")
    )
    counts = [
        (added, "key", "added"),
        (deleted, "key", "deleted"),
        *((len(tick.became(outcome)), "run", outcome.partition(":")[0]) for outcome in Became),
    ]
    told = [f"{counted(number, thing)} {outcome}" for number, thing, outcome in counts if number]
    failed = [f"tick failed: {type(tick.error).__name__}"] if tick.error else []
    return ", ".join([*told, *failed]) or "nothing"


def _named(names: Sequence[str]) -> str:
    shown = names if len(names) <= _FEW_NAMES else [*names[: _FEW_NAMES - 1], "…", names[-1]]
    return Bounded(f"{len(names):,}: {', '.join(map(_name, shown))}") if names else ""


def _listed(names: Sequence[str]) -> str:
    return listed([name or _NO_NAME for name in names], _MOST_NAMES)


def _name(name: str) -> str:
    return plain(name or _NO_NAME, LONGEST_NAME)


def _sentence(text: str) -> str:
    return text if isinstance(text, Bounded) else in_a_line(text[:_ENDLESS])
