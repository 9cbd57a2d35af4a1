"""Exercise 4.5: what a message about a lock says, who holds it, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import cleandoc

from lesson_lib.classroom.exercises.choices import letters, one_for_each
from lesson_lib.classroom.exercises.exercise import Exercise, Miss

# DuckDB's own words; path, program and process are a colleague's.
LOCK_MESSAGE = (
    'IO Error: Could not set lock on file "/srv/prices/warehouse.duckdb": Conflicting lock is held in '
    "/srv/venv/bin/python3.11 (PID 4711). See also https://duckdb.org/docs/current/connect/concurrency"
)


@dataclass(frozen=True)
class _Answer:
    """One of the answers to a question.

    Attributes:
        text: Markdown, one sentence.
        against: what speaks against it; empty for the right one.
        misconception: the id of the belief that makes it look right, if there is one.
    """

    text: str
    against: str = ""
    misconception: str = ""


@dataclass(frozen=True)
class _Question:
    """A question about the message.

    Attributes:
        asked: Markdown.
        answers: by letter, in the order in which they are shown.
    """

    asked: str
    answers: Mapping[str, _Answer]

    @property
    def right(self) -> str:
        """The letter of the answer that nothing speaks against."""
        [letter] = [letter for letter, answer in self.answers.items() if not answer.against]
        return letter


_QUESTIONS = {
    "says": _Question(
        "What does the message say?",
        {
            "a": _Answer(
                "The file is damaged, since somebody did not close it.",
                "a lock keeps others out of a file that is well",
            ),
            "b": _Answer(
                "The user of this run may not write to the file.",
                "the message speaks of a process that holds a lock, and of no right to write",
            ),
            "c": _Answer("Another process has the file open, so this run could not open it."),
            "d": _Answer(
                "Two steps of this run opened the file at the same time.",
                "it says that another process holds the lock, and process 4711 is no step of this run",
            ),
        },
    ),
    "holder": _Question(
        "Who holds the lock?",
        {
            "a": _Answer(
                "DuckDB's server, which every program has to ask.",
                "process 4711 is a notebook's; DuckDB works inside the process that opens the file",
            ),
            "b": _Answer("A notebook, whose kernel is still running and has a connection open."),
            "c": _Answer(
                "Nobody any more: a process that crashed has left it behind.",
                "process 4711 is there, and a process that ends gives up its locks",
                "lock-is-a-left-over-file",
            ),
        },
    ),
    "read": _Question(
        "All stays as it is, and Ben wants to see rows of this file at once. Where can he query it?",
        {
            "a": _Answer("In the notebook that is process 4711."),
            "b": _Answer(
                "In a notebook of his own, with `duckdb.connect(path, read_only=True)`.",
                "as long as another process has the file open to write, reading gets the same message",
                "reading-needs-no-lock",
            ),
            "c": _Answer(
                "In a notebook of his own, with `duckdb.connect(path)`, as long as he writes nothing.",
                "connect takes the lock, whatever is asked afterwards",
                "reading-needs-no-lock",
            ),
        },
    ),
    "now": _Question(
        "What lets the run succeed?",
        {
            "a": _Answer(
                "`warehouse.duckdb.wal`, the lock beside the file, is deleted, and the run started again.",
                "the file .wal holds rows that are committed, and deleting it loses them",
                "lock-is-a-left-over-file",
            ),
            "b": _Answer(
                'The asset gets `pool="duckdb_writer"` with a limit of one, and the run is started again.',
                "the notebook is no run of Dagster's, and asks no pool",
                "pool-guards-the-file",
            ),
            "c": _Answer(
                "The run is started again: the lock was held for one statement, and is free by now.",
                "the lock is held as long as the connection is open, also when nothing is asked",
            ),
            "d": _Answer(
                "The notebook closes its connection, or its kernel is stopped, and the run is started again."
            ),
        },
    ),
    "tonight": _Question(
        "The notebook is closed for good. Tonight, Dagster starts six runs at the same time, each in a "
        "process of its own, and each loads other keys into this file. What lets all six succeed?",
        {
            "a": _Answer(
                "Nothing has to be done: each run writes rows of other keys.",
                "the lock is on the whole file, whatever rows are written",
                "several-processes-may-write",
            ),
            "b": _Answer(
                "More processes still: the more runs there are at once, the sooner all are through.",
                "one process has the file, and whoever else comes is refused",
                "more-runs-load-faster",
            ),
            "c": _Answer('A pool with a limit of one, `pool="duckdb_writer"`, for every step that opens it.'),
        },
    ),
}


def _what_it_means(answer: object) -> Miss | None:
    """What the message means."""
    given = one_for_each(answer, _QUESTIONS, '{"says": "a", "holder": "a", ...}')
    for (name, question), told in zip(_QUESTIONS.items(), given, strict=True):
        [letter] = letters(told, question.answers, count=1, question=name)
        if letter != question.right:
            wrong = question.answers[letter]
            return Miss(wrong.misconception, f"{name}, {letter}: {wrong.against}", "another answer")
    return None


def _asked(name: str, question: _Question) -> str:
    answers = "\n".join(f"  - **{letter}** {answer.text}" for letter, answer in question.answers.items())
    return f"- **{name}** {question.asked}\n{answers}"


def _cell(says: str, holder: str, read: str, now: str, tonight: str) -> str:
    return cleandoc(f"""
        answers = {{"says": {says}, "holder": {holder}, "read": {read}, "now": {now}, "tonight": {tonight}}}
        check("4.5", answers)
    """)


WHO_HOLDS_THE_LOCK = Exercise(
    id="4.5",
    title="Who holds the lock?",
    objective="write",
    minutes=4,
    task="In the morning, Ben finds that a run of last night has failed. Its error says:\n\n"
    f"```text\n{LOCK_MESSAGE}\n```\n\n"
    "He asks the system what that process is:\n\n"
    "```text\n$ ps -o args= -p 4711\n/srv/venv/bin/python3.11 -m ipykernel_launcher -f kernel.json\n```\n\n"
    "Answer each question with a letter, in quotes, in the place of the dots.\n\n"
    + "\n".join(_asked(name, question) for name, question in _QUESTIONS.items()),
    starter=_cell("...", "...", "...", "...", "..."),
    solution=_cell(*(f'"{question.right}"' for question in _QUESTIONS.values())),
    takeaway="A lock message names the process to look at. Its connection has to be closed; a pool then "
    "keeps Dagster's own runs from meeting at the file.",
    hints=(
        "The message says what could not be done, in whose hands the file is, and where to read on.",
        "ipykernel is what runs a notebook. How long does it keep a connection open?",
        "Who asks a pool before opening a file? The steps of Dagster's runs, and nobody else.",
    ),
    scenarios=(_what_it_means,),
    also_right=(_cell('"C"', '"b)"', '["a"]', '" D "', '"c."'),),
    wrong=(
        (_cell('"c"', '"c"', '"a"', '"d"', '"c"'), "lock-is-a-left-over-file"),
        (_cell('"c"', '"b"', '"a"', '"a"', '"c"'), "lock-is-a-left-over-file"),
        (_cell('"c"', '"b"', '"b"', '"d"', '"c"'), "reading-needs-no-lock"),
        (_cell('"c"', '"b"', '"c"', '"d"', '"c"'), "reading-needs-no-lock"),
        (_cell('"c"', '"b"', '"a"', '"b"', '"c"'), "pool-guards-the-file"),
        (_cell('"c"', '"b"', '"a"', '"d"', '"a"'), "several-processes-may-write"),
        (_cell('"c"', '"b"', '"a"', '"d"', '"b"'), "more-runs-load-faster"),
    ),
)
