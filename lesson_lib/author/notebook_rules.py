"""What a notebook of this course must be: rules read a notebook and return what they find wrong.

A finding says which cell, what, and the next move. Rules start no kernel and open no file: `notebook_runs`
executes notebooks, and `tests/notebooks` holds both together.
"""

import datetime as dt
import html
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from nbformat import NotebookNode

from lesson_lib.notebook_cells import EXERCISE, MAY_RAISE, RAISES, TASK, tagged, tags, ties

if TYPE_CHECKING:  # it would load all of Dagster, for which the comparison of outputs need not wait
    from lesson_lib.classroom.exercises.plan import Lesson

CHANGES = "changes-when-repeated"

IGNORE_CAP = 2
CHANGES_CAP = 6
MEDIAN_LINES_CAP = 6
LINES_CAP = 20
LONG_CELL = 15
TELLING = 12  # characters, blanks and quotation marks aside, from which a line of a solution tells anything
# Without the cells of exercises: they are work, not reading, and have minutes of their own in the plan. But
# an exercise in the middle of a section cuts its prose in two.
FEWEST_CELLS, MOST_CELLS = 25, 70

_IGNORES = {"NBVAL_IGNORE_OUTPUT", "NBVAL_SKIP", "PYTEST_VALIDATE_IGNORE_OUTPUT"}
_IGNORE_TAGS = {*(name.lower().replace("_", "-") for name in _IGNORES), "skip-execution"}
_PICTURES = ("image/png", "image/jpeg")
# What a board folds away is in the words of Dagster and Python, and differs with their versions.
FOLDED = re.compile(r'(?s)(<details class="lesson-fold">).*?(?=</details>)')
_PICTURE_ADDRESS = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+")
# With its unit: on another machine, what takes seconds here takes minutes.
_MEASURE = re.compile(r"\d[\d,.]*(?<![,.])(?: ?(?:ms|s|min|h|days?)\b)?")
_RENEW = "Renew the notebook: make notebooks."


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The markdown cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def is_ignored(cell: NotebookNode) -> bool:
    """Whether a tag or a comment tells nbval not to compare this cell's outputs."""
    comments = {line.strip(" #") for line in cell.source.splitlines() if line.lstrip().startswith("#")}
    return bool(_IGNORES & comments or _IGNORE_TAGS & set(tags(cell)))


def plain(text: str) -> str:
    """The text without terminal colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def named_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Each code cell with the name by which its reader knows it: `In [7]` and how it begins."""
    for number, cell in enumerate(code_cells(notebook), start=1):
        first = cell.source.strip().partition("\n")[0]
        yield f"In [{number}] {first[:50]!r}", cell


# What is stored


def cells_ran_in_order(notebook: NotebookNode) -> list[str]:
    """Every code cell holds code and has been run, from top to bottom, in one fresh kernel."""
    found: list[str] = []
    for number, (name, cell) in enumerate(named_cells(notebook), start=1):
        if not cell.source.strip():
            found.append(f"{name}: the cell is empty. Delete it.")
        elif cell.execution_count != number:
            ran = "has not run" if cell.execution_count is None else f"ran as [{cell.execution_count}]"
            found.append(f"{name}: it {ran}. {_RENEW}")
    return found


def errors_are_announced(notebook: NotebookNode) -> list[str]:
    """Each error is the one its cell announces, and each announced error came."""
    found: list[str] = []
    for name, cell in named_cells(notebook):
        found.extend(f"{name}: {finding}" for finding in _error_findings(cell))
    return found


def _error_findings(cell: NotebookNode) -> Iterator[str]:
    marked, announced = MAY_RAISE in tags(cell), tagged(cell, RAISES)
    comment = re.search(r"^[\s#]*#\s*NBVAL_RAISES_EXCEPTION", cell.source, re.MULTILINE)
    if comment or "nbval-raises-exception" in tags(cell):
        yield f"only nbval reads this marker. Tag the cell {MAY_RAISE!r} instead."
    if marked != bool(announced):
        yield f"the tags {MAY_RAISE!r} and '{RAISES}NameOfTheException' go together. Add the other one."
    raised = [output.ename for output in cell.outputs if output.output_type == "error"]
    if announced and raised != [announced]:
        came = ", ".join(raised) or "nothing"
        yield f"it announces {announced}, but raised {came}. Correct the cell or its tag."
    if not marked and raised:
        yield f"it raised {raised[0]}, which no tag announces. Correct the cell, or announce the error."


def ignores_are_few(notebook: NotebookNode) -> list[str]:
    """Markers that switch a comparison off stay rare: each one is a claim that nobody checks."""
    ignoring, changing = [], []
    for name, cell in named_cells(notebook):
        if is_ignored(cell):
            ignoring.append(name)
        if CHANGES in tags(cell):
            changing.append(name)
    return [
        f"{len(names)} cells carry {what}, and {cap} are allowed: {'; '.join(names)}. Make them stable."
        for what, names, cap in (
            ("a marker that ignores their outputs", ignoring, IGNORE_CAP),
            (f"the tag {CHANGES!r}", changing, CHANGES_CAP),
        )
        if len(names) > cap
    ]


def no_semicolon_hides(notebook: NotebookNode) -> list[str]:
    """No cell hides its last value behind a semicolon: it does not under nbval, which keeps no history."""
    ends = ((name, re.sub(r"\s*(#.*)?$", "", cell.source.rstrip())) for name, cell in named_cells(notebook))
    return [
        f"{name}: nbval shows what its last ';' hides. Assign the value."
        for name, end in ends
        if end[-1:] == ";"
    ]


def nothing_on_stderr(notebook: NotebookNode) -> list[str]:
    """No cell writes to stderr, where logs and warnings go."""
    return [
        f"{name}: stderr holds {output.text.strip()[:80]!r}. Silence it where it comes from."
        for name, cell in named_cells(notebook)
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]


# What differs from one machine, or one moment, to the next

_UNSTABLE = {
    "a warning": re.compile(r"warning", re.IGNORECASE),
    # A slash that begins a word; not the one of a date, a closing tag, a URL, a fraction or a relative path.
    "an absolute path": re.compile(
        r"(?<![\w./<)\]}~…])/[\w.~-]|:///+\w|\b[A-Za-z]:[\\/]{1,2}\w|\\\\[\w.-]+\\\w"
    ),
    "a path in the home folder": re.compile(r"(?<!\w)~[\\/]"),
    "the name of a temporary folder": re.compile(r"\btmp[a-z0-9_]{8}\b"),
    "a run id or UUID": re.compile(r"\b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b", re.IGNORECASE),
    "a time of day": re.compile(r"(?<![\d:.\[])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\d:])"),
    "a memory address": re.compile(r"\b0x[0-9a-f]+", re.IGNORECASE),
    "a process id": re.compile(r"\b(?:pid|process id)\b['\"]?[\s:=#(]*\d+", re.IGNORECASE),
    "an address of this machine": re.compile(r"\b(?:localhost|127\.0\.0\.1)\b"),
    "an id that pandas draws anew for each styled table": re.compile(r"\bT_[0-9a-f]{5}\b"),
}


def machine_places() -> set[str]:
    """The folders that are someone's own: this checkout, the home folder, the folder for temporary files."""
    places = {Path(__file__).resolve().parents[2], Path.home(), Path(tempfile.gettempdir())}
    return {str(place) for place in places if len(place.parts) > 1}


def ways_to_write(days: Iterable[dt.date]) -> set[str]:
    """The days, each in the ways that programs write a date."""
    forms = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%b %d, %Y", "%d %b %Y")
    return {day.strftime(form) for day in days for form in (*forms, "%B %d, %Y", "%d %B %Y")}


def nothing_unstable(
    notebook: NotebookNode, *, places: Iterable[str] = (), days: Iterable[dt.date] = ()
) -> list[str]:
    """No output holds what another machine or another moment would write differently.

    Args:
        notebook: the notebook, with outputs.
        places: folders that are not to appear, even in the middle of a longer text.
        days: dates that are not to appear: those on which the notebook was run.
    """
    literal = dict.fromkeys(places, "a folder of this machine")
    literal |= dict.fromkeys(ways_to_write(days), "today's date")
    found: list[str] = []
    for name, cell in named_cells(notebook):
        for kind, text in _texts(cell):
            unfolded = FOLDED.sub("", text)  # in a fold, Dagster's own code may speak of warnings
            matches = (
                (what, pattern.search(unfolded if what == "a warning" else text))
                for what, pattern in _UNSTABLE.items()
            )
            hits = [(what, match.group()) for what, match in matches if match]
            hits += [(what, words) for words, what in literal.items() if words in text]
            found.extend(
                f"{name}: {kind} holds {what}, {_around(text, hit)!r}. Show something that stays the same."
                for what, hit in hits
            )
    return found


def _texts(cell: NotebookNode) -> Iterator[tuple[str, str]]:
    """All that a cell shows as text, each with its kind; pictures are left out."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.name, plain(output.text)
        elif output.output_type == "error":
            yield "the error", plain(f"{output.ename}: {output.evalue}")
            yield "the traceback", plain("\n".join(output.traceback))
        else:
            for kind, content in output.data.items():
                if kind not in _PICTURES:
                    text = content if isinstance(content, str) else _as_text(content)
                    yield kind, plain(_without_pictures(html.unescape(text)))
            yield "the output's metadata", plain(_as_text(output.metadata))


def _as_text(content: object) -> str:
    """JSON as its reader sees it, without the escapes in which a pattern would lose its way."""
    text = json.dumps(content, ensure_ascii=False)
    return text.replace("\\u001b", "\x1b").replace("\\\\", "\\").replace('\\"', '"')


def _without_pictures(text: str) -> str:
    return _PICTURE_ADDRESS.sub("", text)


def _around(text: str, hit: str) -> str:
    start = text.index(hit)
    return text[max(0, start - 15) : start + len(hit) + 25]


# What needs a network


def nothing_fetched(notebook: NotebookNode) -> list[str]:
    """No output and no prose makes the browser fetch anything: the lesson is read offline."""
    found: list[str] = []
    for name, cell in named_cells(notebook):
        for output in cell.outputs:
            for kind, content in output.get("data", {}).items():
                found.extend(f"{name}: {kind} {finding}" for finding in _fetches(kind, content))
    for number, cell in enumerate(prose_cells(notebook), start=1):
        findings = _fetches("text/markdown", cell.source)
        found.extend(f"prose cell {number}: it {finding}" for finding in findings)
    return found


def _fetches(kind: str, content: object) -> list[str]:
    if "widget" in kind:
        return ["is a live widget, of which a stored notebook shows nothing. Show text or HTML instead."]
    if not isinstance(content, str):
        return []
    if kind == "application/javascript":
        return ["is a script, which a stored notebook may not run. Show text or HTML instead."]
    if kind not in ("text/html", "text/markdown", "image/svg+xml"):
        return []
    reader = _Fetches()
    reader.feed(content)
    reader.close()
    if kind == "text/markdown" and (picture := re.search(r"!\[[^\]]*\]\(\s*<?(?:\w+:)?//[^)]*", content)):
        reader.found.append(picture.group())
    return [f"fetches {what[:80]!r}. Bring it into the repository, or leave it out." for what in reader.found]


class _Fetches(HTMLParser):
    """Collects what a browser would fetch to show a piece of HTML; links to click on are fine."""

    _elsewhere = re.compile(r"(?:\b[a-z]+:)?//\w", re.IGNORECASE)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._inside = tag
        for name, value in attrs:
            linked = tag == "a" and name == "href"
            named = name == "xmlns" or name.startswith("xmlns:")  # names a vocabulary; nobody fetches it
            fetched = tag == "script" and name == "src"
            address = _without_pictures(value or "")
            if fetched or (not linked and not named and self._elsewhere.search(address)):
                self.found.append(f"<{tag} {name}={value}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside and (hit := self._elsewhere.search(data)):
            self.found.append(f"<{self._inside}> {data[hit.start() :]}")


# What would give an answer away


def no_answer_is_given_away(notebook: NotebookNode, lesson: "Lesson") -> list[str]:
    """No solution is in the notebook, nor a line of one that its learner has not been given anyway.

    Given is what stands in the exercise's starter, or is taught in a cell that is no exercise's. Sources,
    outputs and metadata are searched; blanks, line ends, quotation marks, capitals and HTML do not matter.
    """
    places = [(where, _bare(text), _bare(_without_tags(text))) for where, text in _all_texts(notebook)]
    taught = [_bare(cell.source) for cell in notebook.cells if not ties(cell)]
    found: list[str] = []
    for exercise in lesson.exercises:
        given = [_bare(exercise.starter), *taught]
        telling = [
            line
            for line in exercise.solution.splitlines()
            if len(_bare(line)) >= TELLING and not any(_bare(line) in text for text in given)
        ]
        for answer in (exercise.solution, *exercise.also_right, *telling):
            found.extend(
                f"{where}: it holds {answer.strip()[:60]!r}, which answers {exercise.id}. Take it out."
                for where, *texts in places
                if any(_bare(answer) in text for text in texts)
            )
    return list(dict.fromkeys(found))


def _all_texts(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """All text there is, wherever it is kept, each piece with the place where its author finds it."""
    yield "the notebook's metadata", "\n".join(_strings(notebook.metadata))
    for name, cell in named_cells(notebook):
        yield name, "\n".join(_strings(cell))
    for number, cell in enumerate(prose_cells(notebook), start=1):
        yield f"prose cell {number}", "\n".join(_strings(cell))


def _strings(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from _strings(value)
    elif isinstance(content, list):
        for value in content:
            yield from _strings(value)


def _bare(text: str) -> str:
    return re.sub(r"[\s'\"`]", "", text).casefold()


def _without_tags(text: str) -> str:
    return html.unescape(re.sub(r"<[^<>]*>", "", text))


# Two executions side by side


def same_outputs(stored: NotebookNode, fresh: NotebookNode) -> list[str]:
    """A fresh execution shows what is stored, cell by cell: nothing less, nothing more, nothing else.

    Of pictures, and of what a board folds away, only that they are there: a picture's bytes vary with the
    machine. Of cells with an ignore marker, all but numbers and pictures within HTML.
    """
    found: list[str] = []
    for (name, before), (_, now) in zip(named_cells(stored), named_cells(fresh), strict=True):
        was, now_is = _shown(before, loosely=is_ignored(before)), _shown(now, loosely=is_ignored(before))
        if was and not now_is:
            found.append(f"{name}: it has stored outputs, but shows nothing when run. {_RENEW}")
        elif now_is and not was:
            found.append(f"{name}: it shows something when run, but no output is stored. {_RENEW}")
        elif _kinds(was) != _kinds(now_is):
            found.append(f"{name}: stored are {_kinds(was)}, a run shows {_kinds(now_is)}. {_RENEW}")
        elif was != now_is:
            found.append(f"{name}: {_difference(was, now_is)}. Make it stable, or renew it: make notebooks.")
    return found


def repeats_well(first: NotebookNode, second: NotebookNode) -> list[str]:
    """Each cell, run a second time right after the first, works and shows the same.

    A cell tagged `changes-when-repeated` shows something else the second time, and must: a tag that nothing
    needs would hide the day on which something does. Of a cell with an ignore marker, numbers may differ.
    """
    found = [f"run once, {finding}" for finding in errors_are_announced(first)]
    found += [f"run again, {finding}" for finding in errors_are_announced(second)]
    for (name, once), (_, again) in zip(named_cells(first), named_cells(second), strict=True):
        was, now_is = _shown(once, loosely=is_ignored(once)), _shown(again, loosely=is_ignored(once))
        if was != now_is and CHANGES not in tags(once):
            changed = f"{name}: run again, {_difference(was, now_is)}"
            found.append(f"{changed}. Let it start from the same state, or tag it {CHANGES!r}.")
        if was == now_is and CHANGES in tags(once):
            found.append(f"{name}: run again, it shows the same. Take its tag {CHANGES!r} off.")
    return found


def _shown(cell: NotebookNode, *, loosely: bool) -> list[dict[str, str]]:
    """A cell's outputs as far as they are compared, streams merged and counts left out.

    Loosely, what was measured is left out as well.
    """
    shown: list[dict[str, str]] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if shown and list(shown[-1]) == [output.name]:
                shown[-1][output.name] += output.text
            else:
                shown.append({output.name: output.text})
        elif output.output_type == "error":
            # As in nbval, not the traceback: it may quote lines of other people's code.
            shown.append({"error": f"{output.ename}: {output.evalue}"})
        else:
            shown.append({kind: _comparable(kind, content) for kind, content in output.data.items()})
    if loosely:
        return [{kind: _without_measures(text) for kind, text in output.items()} for output in shown]
    return shown


def _comparable(kind: str, content: object) -> str:
    if kind in _PICTURES:
        return "a picture"
    if kind == "text/html" and isinstance(content, str):
        return FOLDED.sub(r"\1", content)
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, sort_keys=True)


def _without_measures(text: str) -> str:
    """The text with each number and each picture's address as a sign of its own, blanks and units aside."""
    text = _PICTURE_ADDRESS.sub("(picture)", text)
    return re.sub(r"[ \t]+", " ", _MEASURE.sub("(number)", text))


def _kinds(shown: list[dict[str, str]]) -> list[list[str]]:
    return [sorted(output) for output in shown]


def _difference(was: list[dict[str, str]], now: list[dict[str, str]]) -> str:
    """The first line that differs, in words."""
    if _kinds(was) != _kinds(now):
        return f"{_kinds(was)} became {_kinds(now)}"
    kind, one, other = next(
        (kind, before[kind], after[kind])
        for before, after in zip(was, now, strict=True)
        for kind in sorted(before)
        if before[kind] != after[kind]
    )
    lines, others = one.splitlines(), other.splitlines()
    length = max(len(lines), len(others))
    padded = zip(lines + [""] * (length - len(lines)), others + [""] * (length - len(others)), strict=True)
    line, new = next(((a, b) for a, b in padded if a != b), ("", ""))
    return f"{kind}: {line.strip()[:80]!r} became {new.strip()[:80]!r}"


# Rhythm


@dataclass(frozen=True)
class Rhythm:
    """How a notebook reads: counts of cells, of lines with something on them, and of words.

    `work_cells`, tasks and exercises, are among the others in each of the counts.
    """

    cells: int
    work_cells: int
    code_cells: int
    median_lines: float
    longest: int
    long_cells: tuple[str, ...]
    fewest_words: int
    median_words: float
    most_words: int


def rhythm(notebook: NotebookNode) -> Rhythm:
    """Measure a notebook; `long_cells` names the code cells of more than 15 lines."""
    lines = {
        name: len(re.findall(r"^.*\S", cell.source, re.MULTILINE)) for name, cell in named_cells(notebook)
    }
    words = [len(cell.source.split()) for cell in prose_cells(notebook)]
    return Rhythm(
        cells=len(notebook.cells),
        work_cells=sum(bool(tagged(cell, TASK) or tagged(cell, EXERCISE)) for cell in notebook.cells),
        code_cells=len(lines),
        median_lines=median(lines.values()) if lines else 0,
        longest=max(lines.values(), default=0),
        long_cells=tuple(name for name, count in lines.items() if count > LONG_CELL),
        fewest_words=min(words, default=0),
        median_words=median(words) if words else 0,
        most_words=max(words, default=0),
    )


def rhythm_is_kept(notebook: NotebookNode) -> list[str]:
    """Some 40 cells, short ones; a promise at the start, and at the end what the learner can do now.

    Tasks and exercises do not count as cells; an exercise is as short as any other code cell.
    """
    measured, found = rhythm(notebook), []
    reading = measured.cells - measured.work_cells
    if not FEWEST_CELLS <= reading <= MOST_CELLS:
        beside = f", tasks and exercises aside ({measured.work_cells})" if measured.work_cells else ""
        found.append(f"It has {reading} cells{beside}. A lesson has {FEWEST_CELLS} to {MOST_CELLS}.")
    if measured.median_lines > MEDIAN_LINES_CAP:
        found.append(
            f"The median code cell has {measured.median_lines:g} lines; {MEDIAN_LINES_CAP} are the limit."
        )
    if measured.longest > LINES_CAP:
        found.append(
            f"The longest code cell has {measured.longest} lines; {LINES_CAP} are the limit. Split it."
        )
    if not notebook.cells or notebook.cells[0].cell_type != "markdown":
        found.append("The first cell is not prose. Begin with the promise, and what is needed.")
    if not (prose := prose_cells(notebook)) or "You can now" not in prose[-1].source:
        found.append("The last prose cell does not say 'You can now'. End with what the learner has gained.")
    return found
