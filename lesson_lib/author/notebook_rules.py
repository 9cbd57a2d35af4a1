"""Rules for the course's notebooks: each function returns what it finds wrong.

A finding names the cell, the fault and the next move. Rules start no kernel and open no file.
"""

import datetime as dt
import html
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from copy import deepcopy
from html.parser import HTMLParser
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.displayhook import DisplayHook
from nbformat import NotebookNode

from lesson_lib.notebook_cells import MAY_RAISE, RAISES, find_tag, get_content_tags, get_tags
from lesson_lib.unstable_text import find_unstable

if TYPE_CHECKING:  # it would load all of Dagster, for which the comparison of outputs need not wait
    from lesson_lib.classroom.exercises.plan import Lesson

CHANGES = "changes-when-repeated"

MAX_IGNORED_CELLS = 2
MAX_CHANGING_CELLS = 6
MIN_LEAK_LENGTH = 12  # characters without blanks and quotation marks; shorter lines give no answer away

_IGNORES = {"NBVAL_IGNORE_OUTPUT", "NBVAL_SKIP", "PYTEST_VALIDATE_IGNORE_OUTPUT"}
_IGNORE_TAGS = {*(name.lower().replace("_", "-") for name in _IGNORES), "skip-execution"}
_PICTURES = ("image/png", "image/jpeg")
# What a board folds away is text of Dagster and Python, which differs between their versions.
FOLDED = re.compile(r'(?s)(<details class="lesson-fold">).*?(?=</details>)')
_PICTURE_ADDRESS = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+")
# A chart of measurements, whose name says what it shows.
_CHART = re.compile(r'(?s)(<svg class="lesson-chart"[^>]*>).+?(?=</svg>)')
# With its unit, because another machine may need minutes instead of seconds.
_MEASURE = re.compile(r"\d[\d,.]*(?<![,.])(?: ?(?:ms|s|min|h|days?)\b)?")


def list_code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def list_prose_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the markdown cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def is_ignored(cell: NotebookNode) -> bool:
    """Return whether a tag or a comment keeps nbval from comparing this cell's outputs."""
    comments = {line.strip(" #") for line in cell.source.splitlines() if line.lstrip().startswith("#")}
    return bool(_IGNORES & comments or _IGNORE_TAGS & set(get_tags(cell)))


def strip_colors(text: str) -> str:
    """Remove the colours that a terminal would show."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return a copy of the outputs in which the pieces of a stream are joined, and empty ones left out."""
    merged: list[NotebookNode] = []
    for output in deepcopy(outputs):
        if output.output_type == "stream" and merged and merged[-1].get("name") == output.name:
            merged[-1].text += output.text  # a kernel sends what a cell prints at intervals
        elif output.output_type != "stream" or output.text:
            merged.append(output)
    return merged


def name_code_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Yield each code cell after a name that its author recognises: `In [7]` and how it begins."""
    for number, cell in enumerate(list_code_cells(notebook), start=1):
        first = cell.source.strip().partition("\n")[0]
        yield f"In [{number}] {first[:50]!r}", cell


def _name_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    yield from name_code_cells(notebook)
    for number, cell in enumerate(list_prose_cells(notebook), start=1):
        yield f"prose cell {number}", cell


# What is stored


def find_cells_out_of_order(notebook: NotebookNode) -> list[str]:
    """Find code cells that are empty, or were not run from top to bottom in one fresh kernel."""
    found: list[str] = []
    for number, (name, cell) in enumerate(name_code_cells(notebook), start=1):
        if not cell.source.strip():
            found.append(f"{name}: the cell is empty. Delete it.")
        elif cell.execution_count != number:
            ran = "has not run" if cell.execution_count is None else f"ran as [{cell.execution_count}]"
            found.append(f"{name}: it {ran}. Renew the notebook: make notebooks.")
    return found


def find_unannounced_errors(notebook: NotebookNode) -> list[str]:
    """Find errors that no cell announces, and announced errors that were not raised."""
    return [
        f"{name}: {fault}" for name, cell in name_code_cells(notebook) for fault in _find_error_faults(cell)
    ]


def _find_error_faults(cell: NotebookNode) -> Iterator[str]:
    marked, announced = MAY_RAISE in get_tags(cell), find_tag(cell, RAISES)
    comment = re.search(r"^[\s#]*#\s*NBVAL_RAISES_EXCEPTION", cell.source, re.MULTILINE)
    if comment or "nbval-raises-exception" in get_tags(cell):
        yield f"only nbval reads this marker. Tag the cell {MAY_RAISE!r} instead."
    if marked != bool(announced):
        yield f"the tags {MAY_RAISE!r} and '{RAISES}NameOfTheException' go together. Add the other one."
    raised = [output.ename for output in cell.outputs if output.output_type == "error"]
    if announced and raised != [announced]:
        came = ", ".join(raised) or "nothing"
        yield f"it announces {announced}, but raised {came}. Correct the cell or its tag."
    if not marked and raised:
        yield f"it raised {raised[0]}, which no tag announces. Correct the cell, or announce the error."


def find_excess_markers(notebook: NotebookNode) -> list[str]:
    """Find too many cells with a marker that switches off a comparison."""
    cells, found = list(name_code_cells(notebook)), []
    for what, is_marked, allowed in (
        ("a marker that ignores their outputs", is_ignored, MAX_IGNORED_CELLS),
        (f"the tag {CHANGES!r}", _may_change, MAX_CHANGING_CELLS),
    ):
        names = [name for name, cell in cells if is_marked(cell)]
        if len(names) > allowed:
            cells_are = f"{len(names)} cells carry {what}, and {allowed} are allowed"
            found.append(f"{cells_are}: {'; '.join(names)}. Make them stable.")
    return found


def _may_change(cell: NotebookNode) -> bool:
    return CHANGES in get_tags(cell)


def find_hidden_values(notebook: NotebookNode) -> list[str]:
    """Find cells that hide their last value behind a semicolon, which nbval would show all the same."""
    return [
        f"{name}: nbval shows what its last ';' hides. Assign the value."
        for name, cell in name_code_cells(notebook)
        if DisplayHook.semicolon_at_end_of_expression(cell.source)
    ]


def find_stderr(notebook: NotebookNode) -> list[str]:
    """Find cells that write to stderr, where logs and warnings go."""
    return [
        f"{name}: stderr holds {output.text.strip()[:80]!r}. Silence it where it comes from."
        for name, cell in name_code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]


# What differs from one machine, or one moment, to the next


def list_private_folders() -> set[str]:
    """Return this machine's own folders: this checkout, the home folder, the one for temporary files."""
    folders = {Path(__file__).resolve().parents[2], Path.home(), Path(tempfile.gettempdir())}
    return {str(folder) for folder in folders if len(folder.parts) > 1}


def format_dates(days: Iterable[dt.date]) -> set[str]:
    """Write each day in the ways in which programs write a date."""
    forms = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%b %d, %Y", "%d %b %Y")
    return {day.strftime(form) for day in days for form in (*forms, "%B %d, %Y", "%d %B %Y")}


def find_unstable_text(notebook: NotebookNode, run_on: Iterable[dt.date] = ()) -> list[str]:
    """Find outputs with something that another machine, or a run on another day, would write differently."""
    literal = dict.fromkeys(list_private_folders(), "a folder of this machine")
    literal |= dict.fromkeys(format_dates(run_on), "today's date")
    found: list[str] = []
    for name, cell in name_code_cells(notebook):
        for kind, text in _list_texts(cell):
            hits = find_unstable(text)
            hits += [(what, words) for words, what in literal.items() if words in text]
            # Dagster's code in a fold may contain the word.
            hits += [("a warning", word) for word in re.findall("(?i)warning", FOLDED.sub("", text))[:1]]
            for what, hit in hits:
                start = text.index(hit)
                quoted = text[max(0, start - 15) : start + len(hit) + 25]
                found.append(f"{name}: {kind} holds {what}, {quoted!r}. Show something that stays the same.")
    return found


def _list_texts(cell: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield everything that a cell shows as text, each with its kind; pictures are left out."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.name, strip_colors(output.text)
        elif output.output_type == "error":
            yield "the error", strip_colors(f"{output.ename}: {output.evalue}")
            yield "the traceback", strip_colors("\n".join(output.traceback))
        else:
            for kind, content in output.data.items():
                if kind not in _PICTURES:
                    text = content if isinstance(content, str) else _format_json(content)
                    yield kind, strip_colors(_PICTURE_ADDRESS.sub("", html.unescape(text)))
            yield "the output's metadata", strip_colors(_format_json(output.metadata))


def _format_json(content: object) -> str:
    """Write JSON as its reader sees it, without the escapes that would mislead a pattern."""
    text = json.dumps(content, ensure_ascii=False)
    return text.replace("\\u001b", "\x1b").replace("\\\\", "\\").replace('\\"', '"')


# What needs a network


def find_fetches(notebook: NotebookNode) -> list[str]:
    """Find outputs and prose that make the browser fetch something: lessons are read offline."""
    return [
        f"{name}: {kind} {fault}"
        for name, cell in _name_cells(notebook)
        for kind, content in _list_contents(cell)
        for fault in _find_fetches(kind, content)
    ]


def _list_contents(cell: NotebookNode) -> Iterator[tuple[str, object]]:
    """Yield what a browser draws of a cell, each with its MIME type."""
    if cell.cell_type == "markdown":
        yield "text/markdown", cell.source
    for output in cell.get("outputs", []):
        yield from output.get("data", {}).items()


def _find_fetches(kind: str, content: object) -> list[str]:
    if "widget" in kind:
        return ["is a live widget, of which a stored notebook shows nothing. Show text or HTML instead."]
    if not isinstance(content, str):
        return []
    if kind == "application/javascript":
        return ["is a script, which a stored notebook may not run. Show text or HTML instead."]
    if kind not in ("text/html", "text/markdown", "image/svg+xml"):
        return []
    reader = _FetchFinder()
    reader.feed(content)
    reader.close()
    if kind == "text/markdown" and (picture := re.search(r"!\[[^\]]*\]\(\s*<?(?:\w+:)?//[^)]*", content)):
        reader.found.append(picture.group())
    return [f"fetches {what[:80]!r}. Bring it into the repository, or leave it out." for what in reader.found]


class _FetchFinder(HTMLParser):
    """Collects what a browser would fetch to show a piece of HTML; links to click on are allowed."""

    _elsewhere = re.compile(r"(?:\b[a-z]+:)?//\w", re.IGNORECASE)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            linked = tag == "a" and name == "href"
            named = name == "xmlns" or name.startswith("xmlns:")  # names a vocabulary; nobody fetches it
            fetched = tag == "script" and name == "src"
            address = _PICTURE_ADDRESS.sub("", value or "")
            if fetched or (not linked and not named and self._elsewhere.search(address)):
                self.found.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        # The parser notes in which element it is, if that one holds code.
        if self.cdata_elem in ("script", "style") and (hit := self._elsewhere.search(data)):
            self.found.append(f"<{self.cdata_elem}> {data[hit.start() :]}")


# What would give an answer away


def find_leaked_answers(notebook: NotebookNode, lesson: "Lesson") -> list[str]:
    """Find solutions, and lines of solutions that neither the starter nor another cell gives the learner.

    Sources, outputs and metadata are searched; blanks, line ends, quotation marks, capitals and HTML are
    ignored.
    """
    parts = [("the notebook's metadata", notebook.metadata), *_name_cells(notebook)]
    places = [(where, _join_texts(part)) for where, part in parts]
    taught = [cell.source for cell in notebook.cells if not get_content_tags(cell)]
    found: list[str] = []
    for exercise in lesson.exercises:
        given = "\n".join(map(_normalize, [exercise.starter, *taught]))
        leaking = [
            line
            for line in exercise.solution.splitlines()
            if len(_normalize(line)) >= MIN_LEAK_LENGTH and _normalize(line) not in given
        ]
        for answer in (exercise.solution, *exercise.also_right, *leaking):
            found.extend(
                f"{where}: it holds {answer.strip()[:60]!r}, which answers {exercise.id}. Take it out."
                for where, text in places
                if _normalize(answer) in text
            )
    return list(dict.fromkeys(found))


def _join_texts(content: object) -> str:
    """Return all texts in a part of a notebook, normalized, once as they are and once without HTML."""
    text = "\n".join(_list_strings(content))
    plain = html.unescape(re.sub(r"<[^<>]*>", "", text))
    return f"{_normalize(text)}\n{_normalize(plain)}"


def _list_strings(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from _list_strings(value)
    elif isinstance(content, list):
        for value in content:
            yield from _list_strings(value)


def _normalize(text: str) -> str:
    return re.sub(r"[\s'\"`]", "", text).casefold()


# Two executions side by side


def find_changed_outputs(stored: NotebookNode, fresh: NotebookNode) -> list[str]:
    """Find cells that show something else than what is stored, in another order, or nothing.

    Only the presence of pictures and of folded text is compared, because both vary with the machine. Of cells
    with an ignore marker, everything is compared except numbers and the pictures within HTML.
    """
    return [
        f"{name}: {_describe_difference(was, now)}. Make it stable, or renew it: make notebooks."
        for name, was, now in _pair_outputs(stored, fresh)
        if was != now
    ]


def find_unrepeatable_cells(first: NotebookNode, second: NotebookNode) -> list[str]:
    """Find cells that fail, or show something else, when they are run again right after the first run.

    A cell tagged `changes-when-repeated` must show something else: a tag that no longer applies would hide a
    later change. Numbers may differ in cells with an ignore marker.
    """
    found = [f"run once, {finding}" for finding in find_unannounced_errors(first)]
    found += [f"run again, {finding}" for finding in find_unannounced_errors(second)]
    for (name, was, now), cell in zip(_pair_outputs(first, second), list_code_cells(first), strict=True):
        if was != now and not _may_change(cell):
            changed = f"{name}: run again, {_describe_difference(was, now)}"
            found.append(f"{changed}. Let it start from the same state, or tag it {CHANGES!r}.")
        if was == now and _may_change(cell):
            found.append(f"{name}: run again, it shows the same. Take its tag {CHANGES!r} off.")
    return found


_Outputs = list[dict[str, str]]


def _pair_outputs(one: NotebookNode, other: NotebookNode) -> Iterator[tuple[str, _Outputs, _Outputs]]:
    """Yield the name of each code cell and what is compared of its outputs in both notebooks."""
    for (name, cell), same in zip(name_code_cells(one), list_code_cells(other), strict=True):
        yield name, _list_outputs(cell), _list_outputs(same)


def _list_outputs(cell: NotebookNode) -> _Outputs:
    """Return the text of each output by its kind, without counts and, as in nbval, tracebacks."""
    texts: _Outputs = []
    for output in merge_streams(cell.outputs):
        if output.output_type == "stream":
            texts.append({output.name: output.text})
        elif output.output_type == "error":
            texts.append({"error": f"{output.ename}: {output.evalue}"})
        else:
            texts.append({kind: _format_output(kind, content) for kind, content in output.data.items()})
    if is_ignored(cell):
        return [{kind: _replace_measures(text) for kind, text in output.items()} for output in texts]
    return texts


def _format_output(kind: str, content: object) -> str:
    if kind in _PICTURES:
        return "a picture"
    if kind == "text/html" and isinstance(content, str):
        return FOLDED.sub(r"\1", content)
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, sort_keys=True)


def _replace_measures(text: str) -> str:
    """Replace each number with its unit, and what is drawn in a chart, by a placeholder."""
    text = _CHART.sub(r"\1(chart)", text)
    return re.sub(r"[ \t]+", " ", _MEASURE.sub("(number)", text))


def _describe_difference(was: _Outputs, now: _Outputs) -> str:
    """Describe the first line that differs, or the kinds of output if they do."""
    kinds, new_kinds = ([sorted(output) for output in outputs] for outputs in (was, now))
    if kinds != new_kinds:
        return f"its outputs {kinds} became {new_kinds}"
    kind, text, new_text = next(
        (kind, before[kind], after[kind])
        for before, after in zip(was, now, strict=True)
        for kind in sorted(before)
        if before[kind] != after[kind]
    )
    lines = zip_longest(text.splitlines(), new_text.splitlines(), fillvalue="")
    line, new = next((pair for pair in lines if pair[0] != pair[1]), ("", ""))
    return f"{kind}: {line.strip()[:80]!r} became {new.strip()[:80]!r}"
