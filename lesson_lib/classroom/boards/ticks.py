"""What a sensor asked for at a tick, and what became of it; and the history of several ticks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import compress

from lesson_lib.classroom.boards.board import Block, Board, Facts, Line, Mark, Table
from lesson_lib.classroom.boards.errors import told_of
from lesson_lib.classroom.boards.requests import timeless
from lesson_lib.classroom.boards.shown import Shown
from lesson_lib.classroom.boards.wording import LONGEST_NAME, counted, listed, plain, shortened, stable
from lesson_lib.pipeline.arrivals import Cursor

_MOST_RUNS = 10  # in the table of one tick
_MOST_REQUESTS = 10  # for keys
_MOST_CAUSES = 3  # of failed runs
_MOST_LINES = 20  # of a sensor's log
_MOST_NAMES, _FEW_NAMES = 6, 3  # of files at a tick, and of keys in a line of the history
_MOST_TICKS = 40  # in the history, the latest ones
_LONGEST_CURSOR, _SHORT_CURSOR = 120, 44  # characters: at a tick, and in a line of the history
_ENDLESS = 20_000  # characters, of which only the beginning and the end are read


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
class Tick(Shown):
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
        """Describe what was asked for, and what was done."""
        return tick_board(self)

    def became(self, *outcomes: Became) -> list[RunAsked]:
        """Return the runs of which this became."""
        return [run for run in self.runs if run.became in outcomes]


def tick_board(tick: Tick) -> Board:
    """Describe a tick: what there was to see, what was asked for, what was done, what is remembered."""
    before = [("files", _files(tick.files)), ("cursor before", _cursor(tick.cursor_before))]
    if tick.resumed:
        before.append(("not evaluated", "the tick before could not begin these runs, so they come first"))
    asked = [request for request in tick.keys if request.keys]
    before += map(_keys, asked[:_MOST_REQUESTS])
    if more := asked[_MOST_REQUESTS:]:
        before.append(("and", counted(len(more), "more request") + " for keys"))
    if tick.events:
        before.append(("recorded", counted(tick.events, "event") + " of assets, without a run"))
    before = [(name, value) for name, value in before if value]
    after = [*_causes(tick.became(Became.FAILED))]
    if tick.skip_reason and not tick.error:
        after.append(("why no run", _sentence(tick.skip_reason)))
    after += _log([line for line in tick.log if line[1] != tick.skip_reason])
    if tick.not_begun:
        after.append(("not begun", f"{counted(tick.not_begun, 'run')}, since the tick failed"))
    if tick.error:
        after += [(name.lower(), text) for name, text in told_of(tick.error)]
    after.append(("cursor after", _after(tick)))
    # One list where no table comes between, so that all of it stands in line.
    blocks: list[Block] = (
        [Facts(before), _runs_table(tick.runs), Facts(after)] if tick.runs else [Facts([*before, *after])]
    )
    return Board(f"Tick {tick.number}: {_asked(tick)}", blocks, _mark(tick))


def history_board(ticks: Sequence[Tick]) -> Board:
    """Describe several ticks, a line each."""
    if not ticks:
        return Board("No tick so far", [Line("Each call of tick() evaluates the sensor once.")], Mark.OPEN)
    columns = ("tick", "files", "keys asked for", "runs asked for", "what became of it", "cursor after")
    rows = [
        (
            Line(f"{tick.number}", _mark(tick)),
            *(
                Line(text)
                for text in (
                    _few_files(tick.files),
                    _named(_keys_of(tick)),
                    _runs_of(tick),
                    _outcomes(tick),
                    _after(tick, _SHORT_CURSOR),
                )
            ),
        )
        for tick in ticks[-_MOST_TICKS:]
    ]
    # What no tick has anything to say of, such as a folder that nobody watches, needs no column.
    told = [any(row[column].text not in ("", "none") for row in rows) for column in range(len(columns))]
    rows = [tuple(compress(row, told)) for row in rows]
    blocks: list[Block] = [Table("", list(compress(columns, told)), rows)]
    if earlier := len(ticks) - len(rows):
        blocks.insert(0, Line(f"{counted(earlier, 'earlier tick')} not shown."))
    asked = sum(len(tick.runs) + tick.not_begun for tick in ticks)
    return Board(f"{counted(len(ticks), 'tick')}, {counted(asked, 'run')} asked for", blocks)


def _asked(tick: Tick) -> str:
    if tick.error:
        return "failed"
    asked = [
        counted(number, thing)
        for number, thing in ((len(_keys_of(tick)), "key"), (len(tick.runs), "run"))
        if number
    ]
    return f"{' and '.join(asked)} asked for" if asked else "nothing asked for"


def _mark(tick: Tick) -> Mark:
    if tick.error:
        return Mark.BAD
    if tick.became(Became.FAILED, Became.DROPPED):
        return Mark.ODD
    return Mark.GOOD if _keys_of(tick) or tick.runs else Mark.OPEN


def _files(files: Files) -> str:
    parts = [f"{what}: {listed(names, _MOST_NAMES)}" for what, names in _told(files)]
    return "; ".join([*parts, *_as_before(files)])


def _few_files(files: Files) -> str:
    parts = [
        f"{what}: {', '.join(map(_short, names))}" if len(names) <= _FEW_NAMES else f"{len(names):,} {what}"
        for what, names in _told(files)
    ]
    return "; ".join([*parts, *_as_before(files)])


def _told(files: Files) -> list[tuple[str, tuple[str, ...]]]:
    told = (("new", files.new), ("changed", files.changed), ("gone", files.gone))
    return [(what, names) for what, names in told if names]


def _as_before(files: Files) -> list[str]:
    return [f"{len(files.same):,} as before"] if files.same else []


def _keys(request: KeysAsked) -> tuple[str, str]:
    adds = request.deed == "add"
    done, rest = ("added", "there already") if adds else ("deleted", "not there")
    set_name = f'"{shortened(request.set_name, LONGEST_NAME)}"'
    known = set(request.done)
    others = [key for key in request.keys if key not in known]
    rest = "refused" if request.refused else rest
    parts = [
        f"{what}: {listed(_seen(keys), _MOST_NAMES)}"
        for what, keys in ((done, request.done), (rest, others))
        if keys
    ]
    return f"to {request.deed} {'to' if adds else 'from'} {set_name}", (
        f"{counted(len(request.keys), 'key')}; {'; '.join(parts)}"
    )


def _runs_table(runs: Sequence[RunAsked]) -> Table:
    shown = [*runs[: _MOST_RUNS - 1], runs[-1]] if len(runs) > _MOST_RUNS else runs
    is_told = {
        "run of": True,
        "run key": any(run.run_key for run in runs),
        "job": len({run.job for run in runs}) > 1,
        "what became of it": True,
    }
    rows = [
        [
            Line(_short(_label(run))),
            Line(shortened(timeless(run.run_key or "none"), LONGEST_NAME)),
            Line(shortened(run.job, LONGEST_NAME)),
            Line(run.became, _MARKS[run.became]),
        ]
        for run in shown
    ]
    if len(runs) > _MOST_RUNS:
        rows.insert(-1, [Line(f"… {len(runs) - _MOST_RUNS:,} more"), *[Line("")] * (len(is_told) - 1)])
    return Table(
        "", list(compress(is_told, is_told.values())), [list(compress(row, is_told.values())) for row in rows]
    )


def _label(run: RunAsked) -> str:
    """Return by what a run is known: by its key if it has one."""
    if run.partition is not None:
        return _seen([run.partition])[0]
    # What Dagster makes for a sensor with target=assets has no name that anybody would know.
    return "no partition" if run.job.startswith("__") else run.job


def _causes(failed: Sequence[RunAsked]) -> Iterator[tuple[str, str]]:
    for run in failed[:_MOST_CAUSES]:
        yield f"{_short(_label(run))} failed", _sentence(run.why)
    if more := failed[_MOST_CAUSES:]:
        yield "and", counted(len(more), "more run") + " failed"


def _log(lines: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for _, text in lines[:_MOST_LINES]:
        yield "logged", _sentence(text)
    if more := lines[_MOST_LINES:]:
        yield "and", counted(len(more), "more line") + " logged"


def _after(tick: Tick, longest: int = _LONGEST_CURSOR) -> str:
    if tick.cursor_after != tick.cursor_before:
        return _cursor(tick.cursor_after, longest)
    if tick.error:
        return "as before, since the tick failed"
    return "as before" if tick.cursor_before else "none"


def _cursor(cursor: str | None, longest: int = _LONGEST_CURSOR) -> str:
    if not cursor:
        return "none"
    try:
        words = Cursor.from_json(cursor)
    except ValueError:
        return _both_ends(cursor, longest)
    # Those of the library's own sensor stand for names and times: what they are is another on each machine.
    waiting = f", {len(words.seen):,} waiting" if words.seen else ""
    retired = f", {counted(len(words.retired), 'key')} to be retired" if words.retired else ""
    return f"{counted(len(words.done), 'file')} dealt with{waiting}{retired}"


def _both_ends(cursor: str, longest: int) -> str:
    """Leave out what differs tomorrow, and then the middle: a time that is cut in two is not known as one."""
    if is_endless := len(cursor) > _ENDLESS:
        half = _ENDLESS // 2
        text = timeless(cursor[:half]) + timeless(cursor[-half:])
    else:
        text = timeless(cursor)
    if len(text) <= longest:
        return text
    half = longest // 2
    ends = f"{text[:half]} … {text[-half:]}"
    if longest == _SHORT_CURSOR:
        return ends
    return f"{ends} ({'over ' * is_endless}{_ENDLESS if is_endless else len(text):,} characters)"


def _keys_of(tick: Tick) -> list[str]:
    return [key for request in tick.keys for key in request.keys]


def _runs_of(tick: Tick) -> str:
    labels = list(map(_label, tick.runs))
    is_same = labels and labels == _seen(_keys_of(tick))
    begun = f"{len(labels):,}: the same" if is_same else _named(labels)
    if not tick.not_begun:
        return begun
    return f"{begun}; " * bool(labels) + f"{tick.not_begun:,} not begun"


def _named(names: Sequence[str]) -> str:
    shown = list(map(_short, _seen(names[:_FEW_NAMES])))
    if len(names) > _FEW_NAMES:
        shown[-1:] = ["…", _short(_seen(names[-1:])[0])]
    return f"{len(names):,}: {', '.join(shown)}" if names else "none"


def _seen(names: Iterable[str]) -> list[str]:
    """Write the empty name so that it can be seen."""
    return [name or '""' for name in names]


def _short(name: str) -> str:
    return plain(name, LONGEST_NAME)


def _outcomes(tick: Tick) -> str:
    failed = [f"tick failed: {type(tick.error).__name__}"] if tick.error else []
    return ", ".join([*_outcome_counts(tick), *failed]) or "nothing"


def _outcome_counts(tick: Tick) -> Iterator[str]:
    added = sum(len(request.done) for request in tick.keys if request.deed == "add")
    deleted = sum(len(request.done) for request in tick.keys if request.deed != "add")
    yield from (
        f"{counted(number, 'key')} {deed}"
        for number, deed in ((added, "added"), (deleted, "deleted"))
        if number
    )
    for outcome in Became:
        if number := len(tick.became(outcome)):
            yield f"{counted(number, 'run')} {outcome.value.partition(':')[0]}"


def _sentence(text: str) -> str:
    return stable(" ".join(text[:_ENDLESS].split()))
