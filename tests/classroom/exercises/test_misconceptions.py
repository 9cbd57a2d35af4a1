"""The catalogue of misconceptions: running the cell of each one shows that its truth is true."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import astuple
from html import unescape
from pathlib import Path

import dagster as dg
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.text import render_text
from lesson_lib.classroom.exercises.catalogue import MISCONCEPTIONS
from lesson_lib.classroom.exercises.misconception import Misconception
from tests.classroom.display.hostile import find_injected

NOTEBOOKS = sorted(Path(__file__).parents[3].glob("notebooks/*.ipynb"))

EACH_BELIEF = pytest.mark.parametrize("belief", MISCONCEPTIONS.values(), ids=MISCONCEPTIONS.keys())


def run_in_new_module(cell: str) -> str:
    """Run a cell with no other names, and return its last expression's value or its exception as text."""
    *statements, last = ast.parse(cell).body
    assert isinstance(last, ast.Expr)
    names: dict[str, object] = {"__name__": "__main__"}
    try:
        exec(compile(ast.Module(statements, []), "<cell>", "exec"), names)  # noqa: S102 - the course's own code
        try:
            return repr(eval(compile(ast.Expression(last.value), "<cell>", "eval"), names))  # noqa: S307 - as above
        except dg.DagsterError as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    finally:
        for value in names.values():
            if isinstance(value, dg.DagsterInstance):
                value.dispose()


def test_misconceptions_are_distinct() -> None:
    """Each misconception has the id of its key, and no two have the same text."""
    assert all(belief.id == name for name, belief in MISCONCEPTIONS.items())
    for texts in zip(*(astuple(belief)[:-1] for belief in MISCONCEPTIONS.values()), strict=True):
        assert len(set(texts)) == len(MISCONCEPTIONS)


@EACH_BELIEF
def test_a_cell_shows_the_truth(belief: Misconception, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell runs on its own, without a warning, and its output is exactly that of its page.

    The page has only the beginning of an error's message.
    """
    found = run_in_new_module(belief.cell)
    found = f"{capsys.readouterr().out}{found}"
    if found.rpartition("\n")[2].startswith("Dagster"):
        found = found[: len(belief.output)]
    assert found == belief.output


def find_assigned_names(cell: str) -> set[str]:
    """Return the names that a cell assigns or defines, except for imports and `_`."""
    return set(_walk_assigned_names(ast.parse(TransformerManager().transform_cell(cell)))) - {"_"}


def _walk_assigned_names(code: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(code):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name  # its body has its own scope, like the expressions excluded below
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            yield from _walk_assigned_names(node)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_cell_replaces_a_name_of_a_notebook(path: Path) -> None:
    """Learners may run the cell in the middle of a lesson without an effect on later cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    taken = set().union(
        *(find_assigned_names("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code")
    )
    assert {"lab", "instance"} <= taken
    clashes = {name: find_assigned_names(belief.cell) & taken for name, belief in MISCONCEPTIONS.items()}
    assert {name: names for name, names in clashes.items() if names} == {}


@EACH_BELIEF
def test_a_cell_computes_its_result(belief: Misconception) -> None:
    """The last expression of a cell is not a literal."""
    with pytest.raises(ValueError, match="malformed node"):
        ast.literal_eval(ast.unparse(ast.parse(belief.cell).body[-1]))


@EACH_BELIEF
def test_texts_are_short_and_plain(belief: Misconception) -> None:
    """Ids, sentences, explanations and cells have limited lengths, and only plain characters."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+){1,6}", belief.id)
    assert 5 <= len(belief.claim.split()) <= 24
    assert 5 <= len(belief.truth.split()) <= 24
    assert re.fullmatch(r"(?:(?![.?] ).)*[^.]", belief.claim.replace("...", ""))  # the rest of a sentence
    assert re.fullmatch(r"(?:(?![.?] ).)+\.(?: (?:(?![.?] ).)+\.)?", belief.truth)  # one sentence, or two
    assert 20 <= len(belief.explanation.split()) <= 45
    assert belief.explanation.endswith(".")
    lines = [line for line in belief.cell.splitlines() if line and not re.match("import |from ", line)]
    assert 2 <= len(lines) <= 12
    assert max(map(len, belief.cell.splitlines())) <= 100
    for text in astuple(belief)[:-1]:
        assert text.isascii()
        assert text.replace("\n", " ").isprintable()
        assert text == text.strip()
        assert "!" not in text
        assert "`" not in text  # a board does not render Markdown


@EACH_BELIEF
def test_every_text_is_shown_in_full(belief: Misconception) -> None:
    """Neither rendering shortens a text, and the cell can be copied from both."""
    html = render_html(belief.board())
    assert find_injected(html) == []
    assert f"<pre>{belief.cell}</pre>" in unescape(html)
    text = render_text(belief.board())
    assert repr(belief) == text
    assert text.splitlines()[0] == belief.truth.removesuffix(".")
    one_line = " ".join(text.split())
    assert f"\N{BALLOT X} You may have assumed that {belief.claim}. {belief.explanation}" in one_line
    for line in belief.cell.splitlines():
        assert f"    {line}" in text.splitlines()


def test_a_misconception_as_text() -> None:
    """The text has the truth, the claim that it replaces, the explanation, and a cell to run."""
    text = "\n".join(line.rstrip() for line in repr(MISCONCEPTIONS["typo-raises-an-error"]).splitlines())
    assert text == (
        """\
A misspelled name silently makes another set
  ✗ You may have assumed that Dagster reports a misspelled name of the set.
  Any text is the name of some set, so the key goes there, and later runs say that it is unknown. Let
      the definition spell its own name: pass s3_partitions_def.name instead of typing it again.
  To see it, run this in a cell:
    import dagster as dg

    demo = dg.DagsterInstance.ephemeral()
    demo.add_dynamic_partitions("s33", ["acme"])
    {name: demo.get_dynamic_partitions(name) for name in ("s3", "s33")}"""
    )


def test_the_catalogue_cannot_be_changed() -> None:
    """Assigning to it raises an error."""
    with pytest.raises(TypeError, match="does not support item assignment"):
        MISCONCEPTIONS["typo-raises-an-error"] = MISCONCEPTIONS["dagster-checks-keys"]  # type: ignore[index]
