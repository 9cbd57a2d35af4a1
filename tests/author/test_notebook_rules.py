"""Each rule for notebooks finds the notebook that breaks it, and accepts the clean one."""

import datetime as dt
from collections.abc import Callable
from copy import deepcopy

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import lesson_lib.author.notebook_rules as rules
from lesson_lib.author.rhythm import find_broken_rhythm
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.plan import Lesson

Rule = Callable[[NotebookNode], list[str]]


def stream(text: str, name: str = "stdout") -> NotebookNode:
    """Return the output of a cell that prints."""
    return new_output("stream", name=name, text=text)


def shown(data: dict[str, object]) -> NotebookNode:
    """Return the output of a cell that displays something."""
    return new_output("display_data", data=data)


def error(ename: str, evalue: str = "no such key", traceback: tuple[str, ...] = ()) -> NotebookNode:
    """Return the output of a cell that raises an exception."""
    return new_output("error", ename=ename, evalue=evalue, traceback=list(traceback))


def code(
    source: str, *outputs: NotebookNode, count: int | None = 1, tags: tuple[str, ...] = ()
) -> NotebookNode:
    """Return a code cell that has run."""
    return new_code_cell(
        source, outputs=list(outputs), execution_count=count, metadata={"tags": list(tags)} if tags else {}
    )


def notebook(*cells: NotebookNode) -> NotebookNode:
    """Return a notebook with these cells; the same one may be given twice."""
    copies = [deepcopy(cell) for cell in cells]
    for number, cell in enumerate(copies):
        cell.id = f"cell-{number}"
    return new_notebook(cells=copies)


def showing(*outputs: NotebookNode) -> NotebookNode:
    """Return a notebook with one cell, which shows these outputs."""
    return notebook(code("show()", *outputs))


def lesson(*, pairs: int = 13, source: str = "x = 1", last: str = "You can now divide.") -> NotebookNode:
    """Return a clean notebook of alternating prose and code, with each kind of output that a lesson has."""
    prose_cells = [new_markdown_cell("# What will it hold?") for _ in range(pairs)]
    code_cells = [code(source, count=number) for number in range(1, pairs + 1)]
    code_cells[0].outputs = [stream("8 rows on 2018/01/22, 0.5 of 1/2\n")]
    chart = {"text/plain": "<Figure size 640x480 with 1 Axes>", "image/png": "iVBO/tmp/x0xa"}
    code_cells[1].outputs = [shown(chart)]
    code_cells[2].outputs = [error("ZeroDivisionError", "division by zero", ("division by zero",))]
    code_cells[2].metadata["tags"] = ["raises-exception", "raises:ZeroDivisionError"]
    table = "<table border='1'><tr><td>o'hare.csv</td></tr></table><a href='https://docs.dagster.io'>docs</a>"
    code_cells[3].outputs = [shown({"text/html": table, "text/plain": "0  ../data/o'hare.csv  2018-01-22"})]
    mixed = [cell for pair in zip(prose_cells, code_cells, strict=True) for cell in pair]
    return notebook(*mixed, new_markdown_cell(last))


ALL_RULES: list[Rule] = [
    rules.find_cells_out_of_order,
    rules.find_unannounced_errors,
    rules.find_excess_markers,
    rules.find_hidden_values,
    rules.find_stderr,
    lambda nb: rules.find_unstable_text(nb, [dt.date(2031, 5, 6)]),
    rules.find_fetches,
    find_broken_rhythm,
    lambda nb: rules.find_changed_outputs(nb, nb),
    lambda nb: rules.find_unrepeatable_cells(nb, nb),
]


def test_a_clean_notebook_passes_every_rule() -> None:
    """No rule objects to what a lesson needs: tables, charts, links, dates and an announced error."""
    assert [rule(lesson()) for rule in ALL_RULES] == [[]] * len(ALL_RULES)


@pytest.mark.parametrize(
    ("cell", "finding"),
    [
        (code("  \n", count=None), "In [2] '': the cell is empty. Delete it."),
        (code("x", count=None), "In [2] 'x': it has not run. Renew the notebook: make notebooks."),
        (code("x", count=7), "In [2] 'x': it ran as [7]. Renew the notebook: make notebooks."),
    ],
)
def test_a_cell_that_did_not_run_in_order_is_found(cell: NotebookNode, finding: str) -> None:
    """The finding names the cell that is empty, has never run, or ran out of order."""
    assert rules.find_cells_out_of_order(notebook(code("y"), cell)) == [finding]


NAMED = ("raises-exception", "raises:KeyError")


@pytest.mark.parametrize(
    ("cell", "finding"),
    [
        (code("x", tags=NAMED), "it announces KeyError, but raised nothing"),
        (code("x", error("NameError"), tags=NAMED), "it announces KeyError, but raised NameError"),
        (code("x", error("KeyError")), "it raised KeyError, which no tag announces"),
        (code("x", error("KeyError"), tags=("raises-exception",)), "go together. Add the other one"),
        (code("x", tags=("nbval-raises-exception",)), "only nbval reads this"),
        (code("# NBVAL_RAISES_EXCEPTION\nx"), "only nbval reads this"),
    ],
)
def test_an_error_that_is_not_the_announced_one_is_found(cell: NotebookNode, finding: str) -> None:
    """The error is missing, is another one, is unannounced, or is announced without its name."""
    assert finding in rules.find_unannounced_errors(notebook(cell))[0]


@pytest.mark.parametrize(
    "marked",
    [
        code("# NBVAL_IGNORE_OUTPUT\nx"),
        code("x = 1\n  ## NBVAL_SKIP"),
        code("x", tags=("nbval-ignore-output",)),
        code("x", tags=("nbval-skip",)),
        code("x", tags=("skip-execution",)),
    ],
)
def test_a_third_ignore_marker_is_found(marked: NotebookNode) -> None:
    """Two markers are allowed, however they are written."""
    assert rules.find_excess_markers(notebook(marked, marked)) == []
    assert (
        "3 cells carry a marker that ignores their outputs, and 2 are allowed"
        in (rules.find_excess_markers(notebook(marked, marked, marked))[0])
    )


def test_a_seventh_changing_cell_is_found() -> None:
    """Six cells may show something else when they are run again."""
    changing = [code("x", tags=("changes-when-repeated",))] * 7
    assert rules.find_excess_markers(notebook(*changing[:6])) == []
    assert (
        "7 cells carry the tag 'changes-when-repeated'" in rules.find_excess_markers(notebook(*changing))[0]
    )


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("x;", 1),
        ("y\nx ;  # hidden\n", 1),
        ("x = 1; y", 0),
        ("'a;'", 0),
        ("x  # a;", 0),
        ("x;\n# a", 1),
        ("f('#');", 1),
    ],
)
def test_a_semicolon_that_hides_a_value_is_found(source: str, count: int) -> None:
    """It is found only at the end of a cell, where JupyterLab hides the value and nbval does not."""
    assert len(rules.find_hidden_values(notebook(code(source)))) == count


def test_a_log_line_on_stderr_is_found() -> None:
    """The finding quotes the beginning of the line."""
    found = rules.find_stderr(showing(stream("a\n"), stream("DEBUG - STEP_START\n", "stderr")))
    assert found == ["In [1] 'show()': stderr holds 'DEBUG - STEP_START'. Silence it where it comes from."]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("DeprecationWarning: use the other one", "a warning"),
        ("PosixPath('/tmp/lab/acme.csv')", "an absolute path"),
        ("the file is at:/srv/data", "an absolute path"),
        ("\x1b[31m/opt/x\x1b[0m", "an absolute path"),
        ("duckdb:///warehouse.duckdb", "an absolute path"),
        (r"C:\Users\Ann\lab", "an absolute path"),
        (r"WindowsPath 'D:\\lab'", "an absolute path"),
        ("C:/Users/Ann", "an absolute path"),
        (r"\\server\share\lab", "an absolute path"),
        ("File ~/course/x.py:3", "a path in the home folder"),
        ("../tmpab12_x9z/acme.csv", "the name of a temporary folder"),
        ("run 3f2b8a44-98a1-4c0e-9d0c-1f2e3d4c5b6a", "a run id or UUID"),
        ("3f2b8a4498a14c0e9d0c1f2e3d4c5b6a", "a run id or UUID"),
        ("at 9:05", "a time of day"),
        ("2018-01-22T23:59:01.123456", "a time of day"),
        ("<object at 0x7f3a>", "a memory address"),
        ("held by python (PID 4711)", "a process id"),
        ('{"pid": 4711}', "a process id"),
        ("http://localhost:8888", "an address of this machine"),
        ("T_0a1b2", "an id that pandas gives to each styled table"),
        ("checkout=in-the/middle/of-a-word", "a folder of this machine"),
        ("loaded on 2031-05-06", "today's date"),
        ("loaded on May 06, 2031", "today's date"),
    ],
)
def test_text_that_differs_between_machines_is_found(
    text: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found wherever an output holds text, and the finding names its kind."""
    monkeypatch.setattr(rules, "list_private_folders", lambda: {"/middle/of"})
    places = [
        stream(text),
        shown({"text/plain": text}),
        shown({"text/html": f"<td>{text.replace('/', '&#x2F;')}</td>"}),
        shown({"application/json": {"answer": [text]}}),
        error("KeyError", text),
        error("KeyError", traceback=("KeyError", text)),
        new_output("display_data", data={}, metadata={"from": text}),
    ]
    for output in places:
        found = rules.find_unstable_text(showing(output), [dt.date(2031, 5, 6)])
        assert any(f" holds {what}, " in finding for finding in found), (output, found)


@pytest.mark.parametrize(
    "text",
    [
        "2018/01/22 and 2018-01-22",
        "rows/day, 3/4, (a + b)/c, and / or",
        "../data/source/acme.csv in data/source",
        "https://docs.dagster.io/guides",
        "</td><br />",
        "ratio 1.5, [3:10], 33597290, width 100%",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "o'hare.csv, müller.csv, acme.eu.csv",
    ],
)
def test_text_that_is_the_same_everywhere_is_allowed(text: str) -> None:
    """Dates, fractions, relative paths, links and digests are the same on every machine."""
    assert rules.find_unstable_text(showing(stream(text), shown({"text/html": text}))) == []


def test_a_picture_inside_html_is_allowed() -> None:
    """The encoded bytes of a picture may look like a path by chance."""
    picture = "<img src='data:image/png;base64,aa/tmp/0x12+/bb=='>"
    assert rules.find_unstable_text(showing(shown({"text/html": picture}))) == []
    assert rules.find_unstable_text(showing(shown({"text/html": f"{picture} /opt/lab"}))) != []


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text/html", "<script src='plot.js'></script>"),
        ("text/html", "<script>import('https://cdn.example/x.js')</script>"),
        ("text/html", "<link rel=stylesheet href='//cdn.example/x.css'>"),
        ("text/html", "<style>@import url(https://fonts.example/x)</style>"),
        ("text/html", "<p style=\"background: url('http://x.example/y.png')\">"),
        ("text/html", "<img srcset='https://x.example/y.png 2x'>"),
        ("text/html", "<iframe src=http://x.example></iframe>"),
        ("image/svg+xml", "<svg><image xlink:href='https://x.example/y.png'/></svg>"),
        ("text/markdown", "![the three records](https://x.example/y.png)"),
        ("application/javascript", "alert(1)"),
        ("application/vnd.jupyter.widget-view+json", {"model_id": "1"}),
    ],
)
def test_an_output_that_needs_a_network_or_a_live_kernel_is_found(kind: str, content: object) -> None:
    """Widgets are found, and so are scripts, styles, pictures and frames from another host."""
    assert len(rules.find_fetches(showing(shown({kind: content})))) == 1


def test_a_picture_within_html_is_not_fetched() -> None:
    """The encoded bytes of a picture may look like the address of a host."""
    picture = "<img src='{}image/png;base64,ab//cd=='>"
    assert rules.find_fetches(showing(shown({"text/html": picture.format("data:")}))) == []
    assert rules.find_fetches(showing(shown({"text/html": picture.format("")}))) != []


def test_a_picture_from_another_host_in_the_prose_is_found() -> None:
    """Markdown and HTML are searched; links to click on and pictures beside the notebook are allowed."""
    prose = ["![a](https://x.example/a.png)", "<img src='https://x.example/a.png'>"]
    assert len(rules.find_fetches(notebook(*map(new_markdown_cell, prose)))) == 2
    fine = [
        "[a](https://x.example)",
        "<a href='https://x.example'>a</a>",
        "![a](a.png)",
        "see https://x.example",
    ]
    assert rules.find_fetches(notebook(*map(new_markdown_cell, fine))) == []


@pytest.mark.parametrize(
    ("stored", "fresh", "finding"),
    [
        ([stream("8 rows")], [], "its outputs [['stdout']] became []"),
        ([], [stream("8 rows")], "its outputs [] became [['stdout']]"),
        ([stream("8 rows")], [stream("16 rows")], "stdout: '8 rows' became '16 rows'"),
        ([stream("a\nb\n")], [stream("a\nb\nc\n")], "stdout: '' became 'c'"),
        ([stream("a")], [stream("a", "stderr")], "its outputs [['stdout']] became [['stderr']]"),
        (
            [stream("a")],
            [stream("a"), shown({"text/plain": "b"})],
            "its outputs [['stdout']] became [['stdout'], ['text/plain']]",
        ),
        (
            [shown({"a/b": "a", "image/png": "x"})],
            [shown({"a/b": "a"})],
            "its outputs [['a/b', 'image/png']] became [['a/b']]",
        ),
        ([error("KeyError", "a")], [error("KeyError", "b")], "error: 'KeyError: a' became 'KeyError: b'"),
    ],
)
def test_outputs_that_differ_from_the_stored_ones_are_found(
    stored: list[NotebookNode], fresh: list[NotebookNode], finding: str
) -> None:
    """Outputs are missing, added, of another kind, or have other content."""
    assert finding in rules.find_changed_outputs(showing(*stored), showing(*fresh))[0]


def test_pieces_of_a_stream_and_bytes_of_a_picture_are_ignored() -> None:
    """A kernel cuts streams by the clock, and a chart's bytes differ between machines."""
    one = showing(stream("a\nb\n"), shown({"image/png": "x", "text/plain": "chart"}))
    other = showing(stream("a\n"), stream("b\n"), shown({"image/png": "y", "text/plain": "chart"}))
    assert rules.find_changed_outputs(one, other) == []


MEASURED = (
    '<p>{}</p><svg class="lesson-chart" aria-label="one run per key: {} for 30">{}</svg>'
    "<table><td>≈ {}</td></table>"
)


def measured(html: str, *others: NotebookNode) -> NotebookNode:
    """Return a notebook with one cell, which shows a chart with numbers, and whose outputs nbval ignores."""
    chart = shown({"text/plain": "one run per key", "text/html": html})
    return notebook(code("x", chart, *others, tags=("nbval-ignore-output",)))


def test_numbers_in_an_ignored_output_may_differ() -> None:
    """Measurements with their units, what is drawn in a chart, and alignment may differ."""
    here = measured(MEASURED.format("Cost", "3.9 s", "<path/>", "22 min"), stream("load  9 ms  x\n"))
    there = measured(
        MEASURED.format("Cost", "1 min", "<g><path/></g>", "1,000.5 h"), stream("load  1,112.5 s x\n")
    )
    assert rules.find_changed_outputs(here, there) == []
    assert rules.find_unrepeatable_cells(here, there) == []


@pytest.mark.parametrize(
    ("other", "finding"),
    [
        (notebook(code("x")), "its outputs [['text/html', 'text/plain']] became []"),
        (measured("<p>Cost</p>"), "text/html: "),
        (measured(MEASURED.format("Price", "3.9 s", "<path/>", "22 min")), "text/html: "),
        (measured(MEASURED.format("Cost", "nothing", "<path/>", "22 min")), "text/html: "),
        (
            measured(MEASURED.format("Cost", "3.9 s", "<path/>", "22 min").replace("-chart", "-strip")),
            "text/html: ",
        ),
        (
            measured(MEASURED.format("Cost", "3.9 s", "<path/>", "22 min"), stream("a")),
            "its outputs [['text/html'",
        ),
        (measured(MEASURED.format("Cost", "3.9 s", "", "22 min")), "text/html: "),
    ],
)
def test_everything_else_in_an_ignored_output_is_compared(other: NotebookNode, finding: str) -> None:
    """A missing chart is found, and so is a chart without its numbers, or with other words."""
    chart = measured(MEASURED.format("Cost", "3.9 s", "<path/>", "22 min"))
    assert finding in rules.find_changed_outputs(chart, other)[0]
    assert rules.find_unrepeatable_cells(chart, other) != []


def test_a_cell_that_does_not_repeat_is_found() -> None:
    """It shows another output or an error when run again, or has the tag although it shows the same."""
    one, two, raised = showing(stream("8 rows")), showing(stream("16 rows")), showing(error("KeyError"))
    assert "run again, stdout: '8 rows' became '16 rows'" in rules.find_unrepeatable_cells(one, two)[0]
    assert "run again, In [1] 'show()': it raised KeyError" in rules.find_unrepeatable_cells(one, raised)[0]
    assert "run once, In [1] 'show()': it raised KeyError" in rules.find_unrepeatable_cells(raised, one)[0]
    for notebook_ in (one, two):
        notebook_.cells[0].metadata["tags"] = ["changes-when-repeated"]
    assert rules.find_unrepeatable_cells(one, two) == []
    assert (
        "it shows the same. Take its tag 'changes-when-repeated' off"
        in rules.find_unrepeatable_cells(one, one)[0]
    )


def plan(starter: str, solution: str, *also_right: str) -> Lesson:
    """Return a lesson with one exercise, 7.1, which has these cells."""
    exercise = Exercise(
        id="7.1",
        title="Sow",
        objective="sow",
        minutes=1,
        task="Do it.",
        starter=starter,
        solution=solution,
        takeaway="Done.",
        hints=(),
        also_right=also_right,
    )
    return Lesson("07_gardening", (), (), (exercise,))


STARTER = """\
def sow(bed, seeds):
    bed.clear()
    ...


check("7.1", sow)"""
SOLUTION = """\
def sow(bed, seeds):
    bed.clear()
    for seed in sorted(seeds):
        bed.plant(seed, depth=2 if seed < "m" else 3)
    return


check("7.1", sow)"""
SOWING = plan(STARTER, SOLUTION, 'check("7.1", lambda bed, seeds: bed.replant(seeds))')
CHOICE = plan('check("7.1", ...)', 'check("7.1", "c")', 'check("7.1", " C) ")')
LINE = 'bed.plant(seed, depth=2 if seed < "m" else 3)'
ESCAPED = "bed.plant(<b>seed</b>, depth=2 if seed &lt; &quot;m&quot; else 3)"


def sowing(*cells: NotebookNode) -> NotebookNode:
    """Return the notebook of that lesson, not yet answered, with these cells at its end."""
    task = new_markdown_cell("### Exercise 7.1: Sow\n\nDo it.", metadata={"tags": ["task:7.1"]})
    return notebook(code("bed = Bed()\nbed.clear()"), task, code(STARTER, tags=("exercise:7.1",)), *cells)


def test_code_that_learners_have_anyway_is_allowed() -> None:
    """Starters, very short lines, other answers and lines that the lesson teaches are allowed."""
    fine = [
        code("for key in keys:\n    return"),
        code('check("7.1", "b")'),
        new_markdown_cell("Plant each seed at its depth."),
    ]
    assert rules.find_leaked_answers(sowing(*fine), SOWING) == []
    assert rules.find_leaked_answers(sowing(*fine), CHOICE) == []
    for cell in (code(LINE, shown({"text/html": ESCAPED})), new_markdown_cell(f"Write `{LINE}`.")):
        assert rules.find_leaked_answers(sowing(cell), SOWING) == []


LEAKS = {
    "the solution": (code(SOLUTION), "In [3] 'def sow(bed, seeds):': it holds 'def sow(bed, seeds):\\n"),
    "the solution in another layout": (
        code(SOLUTION.replace("    ", "\t").replace('"', "'")),
        "In [3] 'def sow(bed",
    ),
    "another solution": (
        new_markdown_cell("Or `check('7.1', lambda bed, seeds: bed.replant(seeds))`."),
        "prose cell 2: it holds 'check(\"7.1\", lambda bed, seeds: bed.replant(seeds))', which answers 7.1.",
    ),
    "a line in a task": (
        new_markdown_cell(f"Use `{LINE}`.", metadata={"tags": ["task:7.2"]}),
        f"prose cell 2: it holds {LINE!r}, which answers 7.1. Take it out.",
    ),
    "a line in a starter": (code(f"{LINE}\n...", tags=("exercise:7.2",)), "In [3] 'bed.plant(seed"),
    "a line in an output": (code("x", stream(f"> {LINE}\n")), "In [3] 'x': it holds 'bed.plant(seed"),
    "a line in HTML": (code("x", shown({"text/html": ESCAPED})), "In [3] 'x': it holds 'bed.plant(seed"),
    "a line in JSON": (code("x", shown({"application/json": {"a": [LINE]}})), "In [3] 'x': it holds"),
    "a line in a traceback": (code("x", error("E", traceback=(LINE,))), "In [3] 'x': it holds 'bed.plant("),
}


@pytest.mark.parametrize(("cell", "finding"), LEAKS.values(), ids=LEAKS)
def test_a_solution_or_a_line_of_one_is_found(cell: NotebookNode, finding: str) -> None:
    """It is found in every place and in every spelling."""
    found = rules.find_leaked_answers(sowing(cell), SOWING)
    assert found
    assert found[0].startswith(finding)


def test_a_solution_in_the_metadata_is_found() -> None:
    """The metadata of cells and of the notebook are searched."""
    hidden = code("x")
    hidden.metadata["solution"] = SOLUTION.splitlines()
    places = {finding.partition(":")[0] for finding in rules.find_leaked_answers(sowing(hidden), SOWING)}
    assert places == {"In [3] 'x'"}
    whole = sowing()
    whole.metadata["solutions"] = {"7.1": SOLUTION}
    places = {finding.partition(":")[0] for finding in rules.find_leaked_answers(whole, SOWING)}
    assert places == {"the notebook's metadata"}


@pytest.mark.parametrize("cell", ['check("7.1", "c")', "check('7.1','C')", 'x = check( "7.1", " C) ")'])
def test_the_right_letter_is_found(cell: str) -> None:
    """It is found in every spelling."""
    [found, *_] = rules.find_leaked_answers(sowing(code(cell)), CHOICE)
    assert found.endswith("which answers 7.1. Take it out.")


def board(title: str, traceback: str) -> NotebookNode:
    """Return a notebook that shows a board with a folded traceback."""
    html = f'<p>{title}</p><details class="lesson-fold"><pre>{traceback}</pre></details>'
    return showing(shown({"text/html": html}))


def test_only_the_folded_text_of_a_board_may_differ() -> None:
    """A different traceback in the fold is ignored; a different title or a missing fold is found."""
    before = board("Failed", "line 1")
    assert not rules.find_changed_outputs(before, board("Failed", "line 2"))
    assert rules.find_changed_outputs(before, board("Succeeded", "line 1"))
    assert rules.find_changed_outputs(before, showing(shown({"text/html": "<p>Failed</p>"})))


def test_a_fold_may_mention_warnings_but_no_folders() -> None:
    """Dagster has functions named after warnings; folders of this machine are not allowed anywhere."""
    assert not rules.find_unstable_text(board("Failed", "in suppress_warnings"))
    assert rules.find_unstable_text(board("A warning", "line 1"))
    assert rules.find_unstable_text(board("Failed", 'File "/srv/lesson.py"'))
