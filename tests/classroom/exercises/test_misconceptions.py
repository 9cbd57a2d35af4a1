"""The catalogue of misconceptions: each truth is true, because the cell that shows it does."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from html import unescape
from pathlib import Path

import dagster as dg
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from lesson_lib.classroom.display.html import as_html
from lesson_lib.classroom.display.text import as_text
from lesson_lib.classroom.exercises.misconceptions import MISCONCEPTIONS, Misconception
from tests.classroom.display.hostile import injected


@dataclass(frozen=True)
class Raises:
    """What a cell shows by raising it: the exception's name, and a part of its message."""

    name: str
    message: str


# What the last expression of each cell must come to for the truth to be true.
SHOWN: dict[str, object] = {
    "definition-creates-keys": Raises(
        "DagsterUnknownPartitionError", "Could not find a partition with key `acme`"
    ),
    "keys-live-in-the-definition": {"laptop": ["acme"], "production": []},
    "typo-raises-an-error": {"s3": [], "s33": ["acme"]},
    "dagster-checks-keys": ["", "a...b", "two\nlines", "5"],
    "success-means-the-file-was-there": {"run succeeded": True, "file is there": False},
    "every-key-needs-an-asset": ["acme.csv", "zenith.csv"],
    "loading-twice-is-harmless": [8, 16, 24],
    "deleting-by-date-is-enough": {
        "deleted by the second load": 0,
        "rows": 10,
        "last day": "2017-09-15",
    },
    "emptying-the-table-is-enough": [("bluebird", 11)],
    "loading-what-is-new-is-enough": [8, 10],
    "any-comparison-finds-a-key": {"=": [(1,)], "like": [(2,)], "ilike": [(3,)]},
    "quotes-make-a-key-safe": {"deleted with the key bound": 0, "deleted with the key in quotes": 2},
    "delete-then-insert-is-safe": [(0,)],
    "caught-errors-are-handled": {"acme"},
    "columns-are-matched-by-name": [(0.02, 40.5), (40.5, 0.02)],
    "failed-check-unmakes-the-partition": {"checked": 1, "downstream": 0},
    "finished-import-is-a-loaded-table": [["acme"], []],
    "skipped-assets-lose-their-rows": {"second run succeeded": False, "rows": ["acme", "bluebird"]},
    "three-records-are-one": {"registered": ["zenith"], "materialized": ["acme"], "rows": [("acme",)]},
    "adding-again-starts-afresh": {"status of acme": "MATERIALIZED", "runs": 1},
    "frequent-schedule-is-a-sensor": {"schedule": 3, "sensor": 0},
    "sensors-suit-every-source": {"schedule": ["2018-01-27.csv"], "sensor": []},
    "dynamic-job-can-have-a-schedule": Raises(
        "DagsterInvalidDefinitionError", "Tried to build a partitioned schedule from an asset job"
    ),
    "evaluating-registers-keys": {"requested": ["acme"], "registered": []},
    "run-request-brings-its-key": {"error": "DagsterUnknownPartitionError", "registered": []},
    "each-tick-begins-from-nothing": [None, "1", "2"],
    "cursor-of-new-files-is-enough": [["acme", "zenith"], [], ["acme", "zenith"], []],
    "variables-outlive-a-restart": [2, 0, 2, 0],
    "known-name-is-known-file": [["acme.csv"], []],
    "new-files-are-newest": {"late is there": True, "changed after the latest": False},
    "file-name-is-a-good-run-key": {"same name": True, "same fingerprint": False},
    "failed-run-is-asked-for-again": ["FAILED", "DROPPED", "DROPPED"],
    "key-ends-at-the-first-dot": {
        "keys": ["acme", "acme", "zenith"],
        "error": "IntegrityError",
        "registered": [],
    },
    "everything-in-a-folder-is-data": {
        "all": [".DS_Store", "acme", "archive", "zenith.csv"],
        "data": ["acme"],
    },
    "one-bad-key-fails-alone": {"registered": [], "runs": 0},
    "failed-tick-moves-on": ["1", "2", "2", "2"],
    "one-tick-can-ask-for-all": 500,
    "keys-are-ordered-by-name": {"acme to zenith": ["acme", "zenith"], "bluebird to acme": []},
    "every-key-needs-a-run": {"keys loaded": 100, "runs": 1},
    "a-range-is-one-materialization": {"calls": 1, "materialized": ["acme", "bluebird", "zenith"]},
    "a-range-costs-one-key": {1: 2, 10: 20, 100: 200},
    "database-takes-the-time": {"events that a run without any database stores": 410},
    "broken-file-fails-alone-in-a-range": dict.fromkeys(("acme", "bluebird", "zenith"), "FAILED"),
    "not-in-survives-null": {
        "where key not in (select partition_key from": [],
        "anti join": [("bluebird",)],
    },
    "partition-key-works-in-a-range": Raises(
        "DagsterInvariantViolationError", "Cannot access partition_key for a partitioned run with a range"
    ),
    "any-result-suits-a-range": {"with_value": False, "with_none": False, "without": True},
    "range-without-keys-is-noticed": {"run succeeded": True, "keys loaded": []},
    "several-processes-may-write": {"write": "refused", "read": "refused"},
    "reading-needs-no-lock": {"while we write": False, "while we read": True},
    "lock-is-a-left-over-file": {"after the crash": [("prices",)], "without the .wal file": []},
    "pool-guards-the-file": {"beside it": False, "after it": True},
    "more-runs-load-faster": ["opened", "refused", "refused"],
    "more-keys-cost-nothing": {"a key a day": 10, "a key an order": 400},
    "fan-in-always-gets-a-dict": [
        None,
        "prices of acme",
        {"acme": "prices of acme", "zenith": "prices of zenith"},
    ],
}
# What a cell prints on its way there.
PRINTED = {
    "definition-creates-keys": "[]\n",
    "delete-then-insert-is-safe": "the load failed\n",
    "partition-key-works-in-a-range": "['acme', 'zenith']\n",
}

NOTEBOOKS = sorted(Path(__file__).parents[3].glob("notebooks/*.ipynb"))

every = pytest.mark.parametrize("belief", MISCONCEPTIONS.values(), ids=MISCONCEPTIONS.keys())


def shown(cell: str) -> object:
    """Run a cell as a fresh kernel would, and return what its last expression comes to, or raises."""
    *statements, last = ast.parse(cell).body
    assert isinstance(last, ast.Expr)
    kernel: dict[str, object] = {"__name__": "__main__"}
    try:
        exec(compile(ast.Module(statements, []), "<cell>", "exec"), kernel)  # noqa: S102 - the catalogue's own code
        try:
            return eval(compile(ast.Expression(last.value), "<cell>", "eval"), kernel)  # noqa: S307 - as above
        except dg.DagsterError as error:
            return Raises(type(error).__name__, str(error))
    finally:
        for value in kernel.values():
            if isinstance(value, dg.DagsterInstance):
                value.dispose()


def test_catalogue_is_complete() -> None:
    """Each under its own id, no two with the same text, each with its proof here."""
    assert set(MISCONCEPTIONS) == set(SHOWN)
    assert all(belief.id == name for name, belief in MISCONCEPTIONS.items())
    for texts in zip(*map(astuple, MISCONCEPTIONS.values()), strict=True):
        assert len(set(texts)) == len(MISCONCEPTIONS)


@every
def test_cell_shows_the_truth(belief: Misconception, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell runs by itself, without a warning, and ends with exactly what makes the truth true."""
    expected = SHOWN[belief.id]
    found = shown(belief.cell)
    if isinstance(expected, Raises):
        assert isinstance(found, Raises)
        assert found.name == expected.name
        assert expected.message in found.message
    else:
        assert found == expected
    assert capsys.readouterr().out == PRINTED.get(belief.id, "")


def assigned(cell: str) -> set[str]:
    """Return the names that a cell gives to something, imports aside; `_` is nobody's."""
    return set(_assigned(ast.parse(TransformerManager().transform_cell(cell)))) - {"_"}


def _assigned(code: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(code):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name  # what is in it has a scope of its own, as have those below
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            yield from _assigned(node)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_cell_takes_a_name_of_a_notebook(path: Path) -> None:
    """A cell may be run in the middle of a lesson, and the cells after it find all as it was."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    taken = set().union(*(assigned("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"))
    assert {"lab", "instance"} <= taken
    clashes = {name: assigned(belief.cell) & taken for name, belief in MISCONCEPTIONS.items()}
    assert {name: names for name, names in clashes.items() if names} == {}


@every
def test_cell_works_out_what_it_shows(belief: Misconception) -> None:
    """No cell ends with a result that somebody has written down."""
    with pytest.raises(ValueError, match="malformed node"):
        ast.literal_eval(ast.unparse(ast.parse(belief.cell).body[-1]))


@every
def test_texts_are_short_and_plain(belief: Misconception) -> None:
    """A name to say aloud, two sentences, 20 to 45 words, a few lines; nothing shouted, nothing hidden."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+){1,6}", belief.id)
    for sentence in (belief.claim, belief.truth):
        assert 5 <= len(sentence.split()) <= 24
        assert re.fullmatch(r"(?:(?![.?] [A-Z]).)+\.", sentence)
    assert 20 <= len(belief.explanation.split()) <= 45
    assert belief.explanation.endswith(".")
    lines = [line for line in belief.cell.splitlines() if line and not re.match("import |from ", line)]
    assert 2 <= len(lines) <= 12
    assert max(map(len, belief.cell.splitlines())) <= 100
    for text in astuple(belief):
        assert text.isascii()
        assert text.replace("\n", " ").isprintable()
        assert text == text.strip()
        assert "!" not in text
        assert "`" not in text  # a board draws no Markdown


@every
def test_shows_itself_whole(belief: Misconception) -> None:
    """Both renderings hold every text unshortened; the cell can be copied out of either."""
    html = as_html(belief.board())
    assert injected(html) == []
    assert f"<pre>{belief.cell}</pre>" in unescape(html)
    text = as_text(belief.board())
    assert repr(belief) == text
    assert text.splitlines()[0] == belief.truth.removesuffix(".")
    words = " ".join(text.split())
    assert f"\N{BALLOT X} Not so: {belief.claim} {belief.explanation}" in words
    for line in belief.cell.splitlines():
        assert f"    {line}" in text.splitlines()


def test_one_as_text() -> None:
    """A misconception reads as the truth, the claim that it replaces, the reason, and a cell to run."""
    text = "\n".join(line.rstrip() for line in repr(MISCONCEPTIONS["typo-raises-an-error"]).splitlines())
    assert text == (
        """\
A misspelt name makes another set, without a word
  ✗ Not so: If I misspell the name of the set, Dagster tells me.
  Any string is the name of some set, so the key goes there, and later runs call it unknown. Let the
      definition spell its own name: pass s3_partitions_def.name instead of typing it again.
  To see it, run this in a cell:
    import dagster as dg

    demo = dg.DagsterInstance.ephemeral()
    demo.add_dynamic_partitions("s33", ["acme"])
    {name: demo.get_dynamic_partitions(name) for name in ("s3", "s33")}"""
    )


def test_catalogue_cannot_be_changed_by_accident() -> None:
    """A notebook that assigns to it is told so."""
    with pytest.raises(TypeError, match="does not support item assignment"):
        MISCONCEPTIONS["typo-raises-an-error"] = MISCONCEPTIONS["dagster-checks-keys"]  # type: ignore[index]
