"""The boards of a tick, and of the history of several ticks."""

from collections import Counter
from collections.abc import Sequence

from lesson_lib.classroom.display.board import Block, Board, Box, Facts, Line, Loop, Mark, Table, describe
from lesson_lib.classroom.display.error_view import explain_error
from lesson_lib.classroom.display.request_view import format_skip_reason, hide_times
from lesson_lib.classroom.display.safe_text import (
    MAX_NAME_LENGTH,
    Bounded,
    format_count,
    format_list,
    join_lines,
    keep_ends,
    make_plain,
    shorten_name,
)
from lesson_lib.classroom.simulator.tick import FolderChange, RequestedKeys, RequestedRun, RunOutcome, Tick
from lesson_lib.pipeline.sensor.cursor import Cursor

_MAX_RUNS = 10  # in the table of one tick
_MAX_REQUESTS = 10  # for keys
_MAX_CAUSES = 3  # of failed runs
_MAX_LOG_LINES = 20
_MAX_NAMES, _MAX_NAMES_IN_HISTORY = 6, 3  # of files and keys
_MAX_TICKS = 40  # in the history, the latest ones
_MAX_CURSOR_LENGTH, _MAX_CURSOR_LENGTH_IN_HISTORY = 120, 44  # characters
_MAX_READ_LENGTH = 20_000  # characters of a text whose ends alone are read
_STAGES = ("folder", "sensor", "keys", "runs", "cursor")
_EMPTY_NAME = '""'

_MARKS = {
    RunOutcome.SUCCEEDED: Mark.GOOD,
    RunOutcome.FAILED: Mark.BAD,
    RunOutcome.QUEUED: Mark.OPEN,
    RunOutcome.DROPPED: Mark.ODD,
}
_DONE = {"add": "added", "delete": "deleted"}
_BY_SEVERITY = (RunOutcome.FAILED, RunOutcome.DROPPED, RunOutcome.QUEUED, RunOutcome.SUCCEEDED)


@describe.register
def describe_tick(tick: Tick) -> Board:
    """Describe how far the tick got, the files, what the sensor requested, what was done, and the cursor."""
    resumed = "the previous tick could not start these runs, so they come first" if tick.resumed else ""
    requests = [request for request in tick.keys if request.keys]
    before = Facts.of_known(
        ("in the folder", _format_files(tick.files)),
        ("cursor before", _format_cursor(tick.cursor_before) or "none"),
        ("not evaluated", resumed),
        *map(_make_keys_fact, requests[:_MAX_REQUESTS]),
        *_count_more(requests[_MAX_REQUESTS:], "request", "for keys"),
        ("recorded", f"{format_count(tick.events, 'event')} of assets, without a run" if tick.events else ""),
    ).pairs
    failed = tick.find_runs(RunOutcome.FAILED)
    after = [
        *map(_make_cause_fact, failed[:_MAX_CAUSES]),
        *_count_more(failed[_MAX_CAUSES:], "run", "failed"),
    ]
    if tick.skip_reason:
        after.append(("why no run", format_skip_reason(tick.skip_reason[:_MAX_READ_LENGTH])))
    log = [text for _, text in tick.log if text != tick.skip_reason]
    after += [("logged", _format_sentence(text)) for text in log[:_MAX_LOG_LINES]]
    after += _count_more(log[_MAX_LOG_LINES:], "line", "logged")
    if tick.not_begun:
        after.append(("not started", f"{format_count(tick.not_begun, 'run')}, because the tick failed"))
    if tick.error:
        after += [(name.lower(), text) for name, text in explain_error(tick.error)]
    after.append(("cursor after", _format_new_cursor(tick) or "none"))
    # Without a table in between, all facts are aligned in one list.
    blocks: list[Block] = [Facts([*before, *after])]
    if tick.runs:
        blocks = [Facts(before), _make_runs_table(tick.runs), Facts(after)]
    return Board(f"Tick {tick.number}: {_summarize(tick)}", [_draw_loop(tick), *blocks], _judge(tick))


def describe_loop() -> Board:
    """Describe what happens at every tick, before the first one."""
    texts = (
        "the sensor looks at it",
        "requests keys and runs",
        "the daemon adds them",
        "the daemon starts them",
        "kept if all went well",
    )
    remark = Line("Each call of tick() goes through this loop once.")
    return Board("No tick so far", [_make_loop(list(map(Line, texts))), remark], Mark.OPEN)


def _make_loop(outcomes: Sequence[Line]) -> Loop:
    boxes = [Box(name, outcome) for name, outcome in zip(_STAGES, outcomes, strict=True)]
    return Loop(boxes, "sensor", "the next tick")


def _draw_loop(tick: Tick) -> Loop:
    """Draw the stages of a tick, and where it stopped if it failed."""
    failed = _STAGES.index(_find_failed_stage(tick)) if tick.error else len(_STAGES)
    outcomes = [
        Line(_count_files(tick.files)),
        _judge_sensor(tick),
        _judge_keys(tick),
        _judge_runs(tick),
        Line("changed", Mark.GOOD)
        if tick.cursor_after != tick.cursor_before
        else Line("unchanged", Mark.OPEN),
    ]
    for number in range(failed, len(_STAGES)):
        outcomes[number] = Line("not reached", Mark.OPEN)
    if tick.error:
        outcomes[failed] = Line(f"failed: {type(tick.error).__name__}", Mark.BAD)
        outcomes[-1] = Line("unchanged", Mark.OPEN)
    return _make_loop(outcomes)


def _judge_sensor(tick: Tick) -> Line:
    if tick.resumed:
        return Line("not evaluated", Mark.OPEN)
    return Line(_summarize_requests(tick), Mark.GOOD if tick.list_keys() or tick.runs else Mark.OPEN)


def _find_failed_stage(tick: Tick) -> str:
    if any(request.refused for request in tick.keys):
        return "keys"
    return "runs" if tick.runs or tick.not_begun else "sensor"


def _count_files(files: FolderChange) -> str:
    counts = {"new": files.new, "changed": files.changed, "gone": files.gone, "unchanged": files.same}
    return ", ".join(f"{len(names):,} {change}" for change, names in counts.items() if names) or "empty"


def _judge_keys(tick: Tick) -> Line:
    if not tick.list_keys():
        return Line("none", Mark.OPEN)
    done = Counter(_DONE[request.action] for request in tick.keys for _ in request.done)
    return Line(
        ", ".join(f"{number:,} {what}" for what, number in done.items()) or "nothing to do", Mark.GOOD
    )


def _judge_runs(tick: Tick) -> Line:
    counts = Counter(run.became for run in tick.runs)
    texts = [f"{counts[outcome]:,} {outcome.partition(':')[0]}" for outcome in RunOutcome if counts[outcome]]
    worst = next((outcome for outcome in _BY_SEVERITY if counts[outcome]), None)
    return Line(", ".join(texts), _MARKS[worst]) if worst else Line("none", Mark.OPEN)


def describe_history(ticks: Sequence[Tick]) -> Board:
    """Describe several ticks, one per line."""
    if not ticks:
        return describe_loop()
    columns = "tick", "in the folder", "requested", "outcome", "cursor after"
    rows = [
        [
            Line(f"{tick.number}", _judge(tick)),
            Line(_format_files(tick.files, is_short=True)),
            Line(_format_requests(tick)),
            Line(_format_outcomes(tick)),
            Line(_format_new_cursor(tick, _MAX_CURSOR_LENGTH_IN_HISTORY)),
        ]
        for tick in ticks[-_MAX_TICKS:]
    ]
    earlier = len(ticks) - len(rows)
    remark = Line(f"{format_count(earlier, 'earlier tick')} not shown." if earlier else "")
    requested = sum(len(tick.runs) + tick.not_begun for tick in ticks)
    title = f"{format_count(len(ticks), 'tick')}, {format_count(requested, 'run')} requested"
    return Board(title, [remark, Table("", columns, rows).without_empty_columns()])


def _count_more(others: Sequence[object], noun: str, rest: str) -> list[tuple[str, str]]:
    return [("and", f"{format_count(len(others), f'more {noun}')} {rest}")] if others else []


def _summarize(tick: Tick) -> str:
    return "failed" if tick.error else f"{_summarize_requests(tick)} requested"


def _summarize_requests(tick: Tick) -> str:
    counts = ((len(tick.list_keys()), "key"), (len(tick.runs) + tick.not_begun, "run"))
    return " and ".join(format_count(number, noun) for number, noun in counts if number) or "nothing"


def _judge(tick: Tick) -> Mark:
    if tick.error:
        return Mark.BAD
    if tick.find_runs(RunOutcome.FAILED, RunOutcome.DROPPED):
        return Mark.ODD
    return Mark.GOOD if tick.list_keys() or tick.runs else Mark.OPEN


def _format_files(files: FolderChange, *, is_short: bool = False) -> str:
    parts = [
        f"{len(names):,} {change}"
        if is_short and len(names) > _MAX_NAMES_IN_HISTORY
        else f"{change}: {_list_names(names)}"
        for change, names in (("new", files.new), ("changed", files.changed), ("gone", files.gone))
        if names
    ]
    return Bounded("; ".join([*parts, *([f"{len(files.same):,} unchanged"] if files.same else [])]))


def _make_keys_fact(request: RequestedKeys) -> tuple[str, str]:
    action, done, rest = "to delete from", "deleted", "not there"
    if request.action == "add":
        action, done, rest = "to add to", "added", "refused" if request.refused else "already there"
    known = set(request.done)
    others = [key for key in request.keys if key not in known]
    parts = [
        f"{result}: {_list_names(keys)}" for result, keys in ((done, request.done), (rest, others)) if keys
    ]
    text = Bounded("; ".join([format_count(len(request.keys), "key"), *parts]))
    return f'{action} "{shorten_name(request.set_name)}"', text


def _make_runs_table(runs: Sequence[RequestedRun]) -> Table:
    kept = keep_ends(runs, _MAX_RUNS)
    has_several_jobs = len({run.job for run in runs}) > 1
    rows = [
        [
            Line(_format_name(_identify(run))),
            Line(shorten_name(hide_times(run.run_key or ""))),
            Line(shorten_name(run.job) if has_several_jobs else ""),
            Line(run.became, _MARKS[run.became]),
        ]
        for run in kept
    ]
    table = Table("", ("run of", "run key", "job", "outcome"), rows)
    return table.without_empty_columns().with_gap(len(runs) - len(kept))


def _identify(run: RequestedRun) -> str:
    """Return the run's partition key if it has one, else its job."""
    if run.partition is not None:
        return run.partition
    # Dagster invents the job's name for a sensor with target=assets.
    return "no partition" if run.job.startswith("__") else run.job


def _make_cause_fact(run: RequestedRun) -> tuple[str, str]:
    # The run fails later for lack of a key, and its own message would say that no key was passed.
    is_empty = run.partition == ""
    cause = "the partition key is empty, so Dagster made a run without a partition" if is_empty else run.cause
    return f"{_format_name(_identify(run))} failed", _format_sentence(cause)


def _format_new_cursor(tick: Tick, max_length: int = _MAX_CURSOR_LENGTH) -> str:
    if tick.cursor_after != tick.cursor_before:
        return _format_cursor(tick.cursor_after, max_length)
    if tick.error:
        return "unchanged, because the tick failed"
    return "unchanged" if tick.cursor_before else ""


def _format_cursor(cursor: str | None, max_length: int = _MAX_CURSOR_LENGTH) -> str:
    if not cursor:
        return ""
    try:
        words = Cursor.from_json(cursor)
    except ValueError:
        return _shorten_cursor(cursor, max_length)
    # Those of the library's own sensor stand for names and times, and differ on each machine.
    not_yet = f", {len(words.seen):,} waiting" if words.seen else ""
    retired = f", {format_count(len(words.retired), 'key')} to be retired" if words.retired else ""
    return f"{format_count(len(words.done), 'file')} handled{not_yet}{retired}"


def _shorten_cursor(cursor: str, max_length: int) -> str:
    """Hide what is unstable before shortening: a time that is cut in two is not recognized."""
    half = _MAX_READ_LENGTH // 2
    is_endless = len(cursor) > _MAX_READ_LENGTH
    text = hide_times(cursor[:half]) + hide_times(cursor[-half:]) if is_endless else hide_times(cursor)
    if len(text) <= max_length:
        return text
    ends = f"{text[: max_length // 2]} … {text[-(max_length // 2) :]}"
    count = f"over {_MAX_READ_LENGTH:,}" if is_endless else f"{len(text):,}"
    return ends if max_length == _MAX_CURSOR_LENGTH_IN_HISTORY else f"{ends} ({count} characters)"


def _format_requests(tick: Tick) -> str:
    keys, runs = tick.list_keys(), list(map(_identify, tick.runs))
    number_of_keys, number_of_runs = format_count(len(keys), "key"), format_count(len(runs), "run")
    if runs == keys:
        parts = [_format_names(f"{number_of_keys} with {'a run' if len(keys) == 1 else 'runs'}", keys)]
    else:
        parts = [_format_names(number_of_keys, keys), _format_names(number_of_runs, runs)]
    if tick.not_begun:
        parts.append(f"{format_count(tick.not_begun, 'run')} not started")
    return "; ".join(filter(None, parts))


def _format_outcomes(tick: Tick) -> str:
    added, deleted = (
        sum(len(request.done) for request in tick.keys if request.action == action)
        for action in ("add", "delete")
    )
    counts = [
        (added, "key", "added"),
        (deleted, "key", "deleted"),
        *((len(tick.find_runs(outcome)), "run", outcome.partition(":")[0]) for outcome in RunOutcome),
    ]
    parts = [f"{format_count(number, noun)} {outcome}" for number, noun, outcome in counts if number]
    failed = [f"tick failed: {type(tick.error).__name__}"] if tick.error else []
    return ", ".join([*parts, *failed]) or "nothing"


def _format_names(what: str, names: Sequence[str]) -> str:
    kept = keep_ends(names, _MAX_NAMES_IN_HISTORY)
    parts = list(map(_format_name, kept))
    if len(kept) < len(names):
        parts.insert(-1, "…")
    return Bounded(f"{what}: {', '.join(parts)}") if names else ""


def _list_names(names: Sequence[str]) -> str:
    return format_list([name or _EMPTY_NAME for name in names], _MAX_NAMES)


def _format_name(name: str) -> str:
    return make_plain(name or _EMPTY_NAME, MAX_NAME_LENGTH)


def _format_sentence(text: str) -> str:
    return text if isinstance(text, Bounded) else join_lines(text[:_MAX_READ_LENGTH])
