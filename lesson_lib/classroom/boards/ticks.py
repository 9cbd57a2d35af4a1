"""What a sensor asked for at a tick, and what became of it; and the history of several ticks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lesson_lib.classroom.boards.board import Block, Board, Facts, Line, Mark, Table
from lesson_lib.classroom.boards.errors import told_of
from lesson_lib.classroom.boards.requests import timeless
from lesson_lib.classroom.boards.shown import Shown
from lesson_lib.classroom.boards.wording import LONGEST_NAME, counted, listed, shortened, stable

_MOST_RUNS = 10  # in the table of one tick
_MOST_NAMES = 6  # of files in a line
_MOST_LINES = 20  # of a sensor's log
_LONGEST_CURSOR = 120  # characters


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
    """

    deed: str
    set_name: str
    keys: tuple[str, ...]
    done: tuple[str, ...]


@dataclass(frozen=True)
class RunAsked:
    """One run request, and what became of it."""

    partition: str | None
    run_key: str | None
    job: str
    became: Became


@dataclass(frozen=True, repr=False)
class Tick(Shown):
    """One evaluation of a sensor, and all that came of it.

    Attributes:
        number: from 1 on.
        files: what lay in the folder that the simulator was told to watch.
        cursor_before: what the sensor was given.
        cursor_after: what it will be given at the next tick.
        keys: the requests for keys, in their order.
        runs: the run requests, in their order.
        skip_reason: why no run was asked for.
        log: the lines that the sensor logged, each with its level.
        error: what made the tick fail; None if nothing did.
    """

    number: int
    files: Files
    cursor_before: str | None
    cursor_after: str | None
    keys: tuple[KeysAsked, ...] = ()
    runs: tuple[RunAsked, ...] = ()
    skip_reason: str = ""
    log: tuple[tuple[str, str], ...] = ()
    error: Exception | None = None

    def board(self) -> Board:
        """Describe what was asked for, and what was done."""
        return tick_board(self)

    def became(self, *outcomes: Became) -> list[RunAsked]:
        """Return the runs of which this became."""
        return [run for run in self.runs if run.became in outcomes]


def tick_board(tick: Tick) -> Board:
    """Describe a tick: what there was to see, what was asked for, what was done, what is remembered."""
    blocks: list[Block] = []
    before = [("files", _files(tick.files)), ("cursor before", _cursor(tick.cursor_before))]
    before += [_keys(request) for request in tick.keys if request.keys]
    blocks.append(Facts([(name, value) for name, value in before if value]))
    if tick.runs:
        blocks.append(_runs_table(tick.runs))
    after = [("why no run", _sentence(tick.skip_reason))] if tick.skip_reason and not tick.error else []
    after += [("logged", _sentence(text)) for _, text in tick.log[:_MOST_LINES]]
    if tick.error:
        after += [(name.lower(), text) for name, text in told_of(tick.error)]
    after.append(("cursor after", _after(tick)))
    return Board(f"Tick {tick.number}: {_asked(tick)}", [*blocks, Facts(after)], _mark(tick))


def history_board(ticks: Sequence[Tick]) -> Board:
    """Describe several ticks, a line each."""
    if not ticks:
        return Board("No tick so far", [Line("Each call of tick() evaluates the sensor once.")], Mark.OPEN)
    rows = [
        (
            Line(f"{tick.number}", _mark(tick)),
            Line(_files(tick.files)),
            Line(_counts([key for request in tick.keys for key in request.keys])),
            Line(_counts([run.partition or "" for run in tick.runs])),
            Line(_outcomes(tick)),
            Line(_after(tick)),
        )
        for tick in ticks
    ]
    columns = ("tick", "files", "keys asked for", "runs asked for", "what became of it", "cursor after")
    asked = sum(len(tick.runs) for tick in ticks)
    return Board(
        f"{counted(len(ticks), 'tick')}, {counted(asked, 'run')} asked for", [Table("", columns, rows)]
    )


def _asked(tick: Tick) -> str:
    if tick.error:
        return "failed"
    keys = sum(len(request.keys) for request in tick.keys)
    asked = [counted(number, thing) for number, thing in ((keys, "key"), (len(tick.runs), "run")) if number]
    return f"{' and '.join(asked)} asked for" if asked else "nothing asked for"


def _mark(tick: Tick) -> Mark:
    if tick.error:
        return Mark.BAD
    if tick.became(Became.FAILED, Became.DROPPED):
        return Mark.ODD
    return Mark.GOOD if tick.keys or tick.runs else Mark.OPEN


def _files(files: Files) -> str:
    told = (("new", files.new), ("changed", files.changed), ("gone", files.gone))
    parts = [f"{what}: {listed(names, _MOST_NAMES)}" for what, names in told if names]
    if files.same:
        parts.append(f"{len(files.same):,} as before")
    return "; ".join(parts)


def _keys(request: KeysAsked) -> tuple[str, str]:
    where = "to" if request.deed == "add" else "from"
    past = "added" if request.deed == "add" else "deleted"
    already = [key for key in request.keys if key not in request.done]
    parts = [f"{past}: {listed(request.done)}"] if request.done else []
    if already:
        parts.append(f"{'there already' if request.deed == 'add' else 'not there'}: {listed(already)}")
    name = f'to {request.deed} {where} "{shortened(request.set_name, LONGEST_NAME)}"'
    return name, f"{counted(len(request.keys), 'key')}; {'; '.join(parts)}"


def _runs_table(runs: Sequence[RunAsked]) -> Table:
    shown = [*runs[: _MOST_RUNS - 1], runs[-1]] if len(runs) > _MOST_RUNS else runs
    several_jobs, has_keys = len({run.job for run in runs}) > 1, any(run.run_key for run in runs)
    columns = [
        "run of",
        *(["run key"] if has_keys else []),
        *(["job"] if several_jobs else []),
        "what became of it",
    ]
    rows = [
        [
            Line(shortened(run.partition if run.partition is not None else "none", LONGEST_NAME)),
            *([Line(timeless(shortened(run.run_key or "none", LONGEST_NAME)))] if has_keys else []),
            *([Line(shortened(run.job, LONGEST_NAME))] if several_jobs else []),
            Line(run.became, _MARKS[run.became]),
        ]
        for run in shown
    ]
    if len(runs) > _MOST_RUNS:
        rows.insert(-1, [Line(f"… {len(runs) - _MOST_RUNS:,} more"), *(Line("") for _ in columns[1:])])
    return Table("", columns, rows)


def _after(tick: Tick) -> str:
    if tick.error and tick.cursor_after == tick.cursor_before:
        return "as before, since the tick failed"
    if tick.cursor_after == tick.cursor_before:
        return "as before" if tick.cursor_before else "none"
    return _cursor(tick.cursor_after)


def _cursor(cursor: str | None) -> str:
    return timeless(shortened(cursor, _LONGEST_CURSOR)) if cursor else "none"


def _counts(names: Sequence[str]) -> str:
    return f"{len(names):,}: {listed(names, _MOST_NAMES)}" if names else "none"


def _outcomes(tick: Tick) -> str:
    if tick.error:
        return f"tick failed: {type(tick.error).__name__}"
    return ", ".join(_outcome_counts(tick)) or "nothing to do"


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
    return stable(" ".join(text.split()))
