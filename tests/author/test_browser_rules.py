"""Each rule for what a browser shows finds the page that breaks it, and accepts the clean one."""

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import lesson_lib.author.browser_rules as rules
from lesson_lib.author.browser_rules import SeenCell

HOME = "http://127.0.0.1:8888/lab/tree/notebooks/01.ipynb?token=secret"


def board(name: str) -> str:
    """Return the HTML of a board as the classroom writes it."""
    return f'<section class="lesson-board" aria-label="{name}"><h4>A run</h4></section>'


def showing(*html: str, kind: str = "display_data") -> NotebookNode:
    """Return a code cell with these outputs."""
    return new_code_cell("show()", outputs=[new_output(kind, data={"text/html": text}) for text in html])


def lesson() -> NotebookNode:
    """Return a notebook with three code cells, the second of which fails on purpose."""
    cells = [new_code_cell(source) for source in ("one = 1", "1 / 0", "two = 2")]
    cells[1].metadata["tags"] = ["raises-exception", "raises:ZeroDivisionError"]
    return new_notebook(cells=[new_markdown_cell("# Which cell fails?"), *cells])


def page(*, two: tuple[str, ...] = ("Traceback\nZeroDivisionError: 1 / 0",)) -> list[SeenCell]:
    """Return the code cells of that lesson's page; by default nothing is wrong with them."""
    return [SeenCell("[1]:"), SeenCell("[2]:", two), SeenCell("[3]:")]


def test_a_clean_page_passes() -> None:
    """Numbers in order and an announced error in its cell are accepted."""
    assert rules.find_cells_not_run(lesson(), page()) == []
    assert rules.find_unannounced_red(lesson(), page()) == []


@pytest.mark.parametrize("prompt", ["[ ]:", "[*]:", "[4]:"])
def test_a_cell_that_did_not_run_in_order_is_found(prompt: str) -> None:
    """It has never run, is still running, or has run twice."""
    seen = [*page()[:2], SeenCell(prompt)]
    (found,) = rules.find_cells_not_run(lesson(), seen)
    assert found.startswith("In [3] 'two = 2': it was not run in its turn (1 of 3 cells were not).")


def test_a_page_without_all_cells_is_found() -> None:
    """A cell that is not in the page cannot have run."""
    assert rules.find_cells_not_run(lesson(), page()[:2]) == [
        "The page has 2 code cells, the file 3. Compare them."
    ]


def test_an_announced_error_that_is_not_shown_is_found() -> None:
    """A finding reports a missing red output, and one that names another error."""
    (missed,) = rules.find_unannounced_red(lesson(), page(two=()))
    assert "In [2] '1 / 0': it announces ZeroDivisionError, and the page does not show it." in missed
    missed, unannounced = rules.find_unannounced_red(lesson(), page(two=("ValueError: no",)))
    assert "it announces ZeroDivisionError" in missed
    assert "no tag announces: 'ValueError: no'" in unannounced


def test_an_unannounced_error_or_stderr_is_quoted() -> None:
    """It is found in another cell and beside an announced error; the last line of a traceback is quoted."""
    seen = [SeenCell("[1]:", ("-----\nKeyError: 'acme'\n",)), *page()[1:]]
    (found,) = rules.find_unannounced_red(lesson(), seen)
    assert found.startswith(
        "In [1] 'one = 1': an error or stderr that no tag announces: \"KeyError: 'acme'\"."
    )
    (found,) = rules.find_unannounced_red(lesson(), page(two=("a warning", "ZeroDivisionError: 1 / 0")))
    assert "'a warning'" in found


def test_boards_are_counted_by_their_accessible_names() -> None:
    """Both kinds of output are read; names are unescaped, and their white space is folded."""
    notebook = new_notebook(
        cells=[
            new_markdown_cell(board("in prose")),
            showing(board("Run of acme failed"), board("Run of acme failed")),
            showing(f"<div>{board('o&#x27;hare &lt;b&gt; &quot;x&quot;')}{board(' two  words ')}</div>"),
            showing(board("Keys of s3"), kind="execute_result"),
            showing('<section class="other" aria-label="no board"></section>', "<table></table>"),
            new_code_cell("print()", outputs=[new_output("stream", text=board("printed"))]),
        ]
    )
    assert rules.count_stored_boards(notebook) == {
        "Run of acme failed": 2,
        'o\'hare <b> "x"': 1,
        "two words": 1,
        "Keys of s3": 1,
    }


def test_boards_that_the_page_lacks_are_found() -> None:
    """Boards that are missing, too few or too many are reported."""
    stored = {"Keys of s3": 2, "Run": 1, "Rows": 1}
    assert rules.find_missing_boards(stored, stored) == []
    found = rules.find_missing_boards(stored, {"Keys of s3": 1, "Run": 2})
    assert [text.partition(",")[0] for text in found] == [
        "The page has 1 regions named 'Keys of s3'",
        "The page has 2 regions named 'Run'",
        "The page has 0 regions named 'Rows'",
    ]


def test_a_board_without_a_name_is_found() -> None:
    """A screen reader would skip it, even if the page has as many."""
    notebook = new_notebook(cells=[showing('<section class="lesson-board wide"></section>')])
    assert len(rules.find_missing_boards(rules.count_stored_boards(notebook), {"": 1})) == 1


def test_a_popup_is_quoted() -> None:
    """Its text is quoted in one line."""
    assert rules.find_popups([]) == []
    (found,) = rules.find_popups(["Would you like\n  news?"])
    assert found.startswith("This popped up unasked: 'Would you like news?'.")


def test_requests_to_other_servers_are_found() -> None:
    """Addresses of HTTP and of web sockets are compared; another port of this machine is another server."""
    own = {
        "http://127.0.0.1:8888/static/x.js",
        "ws://127.0.0.1:8888/api/kernels",
        "data:image/png;base64,iVBO",
        "blob:http://127.0.0.1:8888/1-2",
    }
    assert rules.find_foreign_hosts(own, HOME) == []
    others = {"https://example.org/a.js", "https://example.org/b.js", "ws://127.0.0.1:9999/"}
    assert [text.split(".  ")[0].split(". ")[0] for text in rules.find_foreign_hosts(own | others, HOME)] == [
        "The page made a request to 127.0.0.1:9999",
        "The page made a request to example.org",
    ]


def test_the_picture_shows_a_run_and_a_strip_of_keys() -> None:
    """It begins with the last run of a partition before the first strip."""
    run, strip = board("Run succeeded: partition acme"), '<svg class="lesson-strip"></svg>'
    cells = [showing(run), showing(run), new_markdown_cell("And the keys?"), showing(strip), showing(strip)]
    assert rules.find_picture_cells(new_notebook(cells=cells)) == (1, 3)
    with pytest.raises(LookupError, match="README's picture needs the board of a run"):
        rules.find_picture_cells(new_notebook(cells=cells[2:]))
