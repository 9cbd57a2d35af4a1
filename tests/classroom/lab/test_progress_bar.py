"""The progress bar: what it shows on the way, and that nothing of it stays."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from lesson_lib.classroom import Stopwatch, show_progress
from tests.classroom.shells import new_shell

NOTHING = {"text/plain": "", "text/html": ""}


class Publisher(DisplayPublisher):
    """Records what is published: the first content of a display, and its updates."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.first: dict[str, dict[str, str]] = {}
        self.updates: list[tuple[str, dict[str, str]]] = []

    def publish(
        self, data: dict[str, str], metadata: object, *, transient: dict[str, str], update: bool = False
    ) -> None:
        """Record what `display` publishes."""
        assert not metadata
        name = transient["display_id"]
        if update:
            assert name in self.first
            self.updates.append((name, data))
        else:
            self.first[name] = data


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """Return what a shell with a kernel publishes."""
    shell, publisher = new_shell(), Publisher()
    monkeypatch.setattr(shell, "kernel", "a kernel", raising=False)
    monkeypatch.setattr(shell, "display_pub", publisher)
    yield publisher
    InteractiveShell.clear_instance()


def test_a_thousand_calls_update_it_a_hundred_times(published: Publisher) -> None:
    """The bar shows its progress in words, and disappears at the end, however often the end is reported."""
    for done in range(1, 1_001):
        show_progress(done, 1_000)
    for _ in range(3):
        show_progress(1_000, 1_000)
    assert list(published.first.values()) == [NOTHING]
    texts = [data["text/plain"] for _, data in published.updates]
    assert (texts[0], texts[1], texts[-2:], len(texts)) == (
        "1 of 1,000",
        "10 of 1,000",
        ["990 of 1,000", ""],
        101,
    )
    assert published.updates[-2][1]["text/html"] == (
        '<div class="lesson-progress"><progress max="1000" value="990" aria-label="990 of 1,000 done">'
        "</progress> 990 of 1,000</div>"
    )
    assert published.updates[-1][1] == NOTHING


def test_work_that_does_not_report_shows_that_it_runs(published: Publisher) -> None:
    """A stopwatch shows what it measures while many customers are loaded, even if the load fails."""
    watch = Stopwatch()
    with watch("one <run> for all", customers=30):
        assert not published.first
    with suppress(ZeroDivisionError), watch("one <run> for all", customers=1_000):
        ((_, moving),) = published.updates
        assert moving["text/plain"] == "one <run> for all, 1,000 customers"
        assert (
            '<progress aria-label="one &lt;run&gt; for all, 1,000 customers"></progress>'
            in (moving["text/html"])
        )
        raise ZeroDivisionError
    assert list(published.first.values()) == [NOTHING]
    assert published.updates[-1][1] == NOTHING


def test_few_keys_are_shown_one_by_one(published: Publisher) -> None:
    """Few keys are shown one by one, and a single key needs no bar."""
    for done in (1, 2, 3):
        show_progress(done, 3)
    show_progress(1, 1)
    show_progress(0, 0)
    assert [data["text/plain"] for _, data in published.updates] == ["1 of 3", "2 of 3", ""]
    assert len(published.first) == 1


@pytest.mark.parametrize("again", [(1, 10), (7, 20)])
def test_a_bar_that_was_interrupted_stays_and_another_one_begins(
    published: Publisher, again: tuple[int, int]
) -> None:
    """An interrupted bar shows how far the work came."""
    show_progress(5, 10)
    show_progress(*again)
    (first, left), (second, _) = published.updates
    assert first != second
    assert left["text/plain"] == "5 of 10"


def test_another_cell_has_another_bar(published: Publisher) -> None:
    """A new cell has a new bar, even if it continues from where another was interrupted."""
    show_progress(5, 10)
    shell = InteractiveShell.instance()
    shell.execution_count += 1
    show_progress(6, 10)
    assert len(published.first) == 2


def test_outside_a_notebook_nothing_happens(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither plain Python nor IPython in a terminal shows a bar."""
    InteractiveShell.clear_instance()
    show_progress(1, 2)
    shell = new_shell()
    show_progress(1, 2)
    InteractiveShell.clear_instance()
    assert shell
    assert capsys.readouterr() == ("", "")


CELL = """\
from lesson_lib.classroom import Stopwatch, show_progress
print("before")
for done in range(1, 1_001):
    show_progress(done, 1_000)
"after"
"""


def test_nothing_of_it_is_stored() -> None:
    """The first content, which nbval stores, and the last one, which nbclient stores, are both empty."""
    notebook = new_notebook(cells=[new_code_cell(CELL)])
    first: list[Any] = []

    class Client(NotebookClient):
        """Keeps the first message of each display, as nbval does."""

        def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> object:
            if msg["msg_type"] == "display_data":
                first.append(msg["content"]["data"])
            return super().process_message(msg, cell, cell_index)

    Client(notebook, kernel_name="python3").execute()
    printed, bar, value = notebook.cells[0].outputs
    assert (printed.text, value.data["text/plain"]) == ("before\n", "'after'")
    assert first == [bar.data] == [NOTHING]
