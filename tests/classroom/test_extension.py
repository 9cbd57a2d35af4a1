"""`%load_ext lesson_lib` gives objects and errors their boards, and changes nothing else."""

import builtins
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.classroom.shells import new_shell

s3 = dg.DynamicPartitionsDefinition(name="s3")


@dg.asset(partitions_def=s3)
def imported(context: dg.AssetExecutionContext) -> None:
    """Log and print a line, and fail for one key."""
    context.log.info("my own line")
    print("my own print")  # noqa: T201 - the output of a learner's code
    if context.partition_key == "boom":
        raise ValueError("no luck")


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """Return a shell like a notebook's, without colours, which `get_ipython` returns."""
    shell = new_shell()
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("s3", ["acme", "boom"])
    shell.push({"dg": dg, "imported": imported, "s3": s3, "instance": instance})
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as in a notebook, whereas pytest turns them into errors
        yield shell
        if "lesson_lib" in shell.extension_manager.loaded:
            shell.run_line_magic("unload_ext", "lesson_lib")
    InteractiveShell.clear_instance()


@pytest.fixture
def loaded(shell: InteractiveShell) -> InteractiveShell:
    """Return the shell with the extension."""
    shell.run_line_magic("load_ext", "lesson_lib")
    return shell


def format_value(shell: InteractiveShell, expression: str) -> dict[str, str]:
    """Return what a cell shows, by its MIME type."""
    data, _ = shell.display_formatter.format(shell.ev(expression))
    return data


def collect_state(shell: InteractiveShell) -> list[object]:
    """Return everything that the extension may change."""
    return [
        dict(shell.display_formatter.formatters["text/plain"].type_printers),
        (shell.custom_exceptions, shell.InteractiveTB.mode),
        dict(shell.display_formatter.mimebundle_formatter.type_printers),
        set(shell.magics_manager.magics["cell"]),
        logging.getLoggerClass(),
        logging.getLogger("sqlalchemy.pool").level,
        warnings.showwarning,
    ]


def test_unloading_leaves_everything_as_it_was(shell: InteractiveShell) -> None:
    """Unloading restores formatters, errors, magics, loggers and filters, after any number of loadings."""
    before = collect_state(shell)
    for magic in ("load_ext", "load_ext", "reload_ext"):
        shell.run_line_magic(magic, "lesson_lib")
        assert all(now != then for now, then in zip(collect_state(shell), before, strict=True))
    shell.run_line_magic("unload_ext", "lesson_lib")
    assert collect_state(shell) == before
    assert "text/html" not in format_value(shell, "s3")


@pytest.mark.parametrize(
    ("expression", "title"),
    [
        ("s3", 'Dynamic partitions "s3"'),
        ("dg.DailyPartitionsDefinition('2018-01-22', end_date='2018-01-27')", "Daily partitions: 5 keys"),
        ("instance", "Ephemeral instance"),
        ("imported", "Asset imported"),
        ("dg.RunRequest(partition_key='acme')", "Requested: 1 run of partition acme"),
        ("[dg.RunRequest(partition_key='acme')]", "Requested: 1 run. Nothing has happened yet."),
        ("[str(number) for number in range(100)]", "A list of 100 strings"),
    ],
)
def test_objects_show_themselves_as_html_and_as_text(
    loaded: InteractiveShell, expression: str, title: str
) -> None:
    """The HTML is named by the board's title, and the text begins with it."""
    data = format_value(loaded, expression)
    assert title in data["text/plain"].splitlines()[0]
    assert data["text/html"].startswith('<section class="lesson-board" aria-label="')


@pytest.mark.parametrize(
    "expression", ["['acme', 'zenith']", "[]", "[1, 2]", "{'a': ['b']}", "list(range(40))"]
)
def test_other_values_keep_their_form(loaded: InteractiveShell, expression: str) -> None:
    """Ordinary values are formatted by IPython as usual."""
    before = format_value(loaded, expression)
    loaded.run_line_magic("unload_ext", "lesson_lib")
    assert format_value(loaded, expression) == before


@pytest.fixture(params=[("rich", "lesson_lib"), ("lesson_lib", "rich")], ids=" then ".join)
def beside_rich(
    request: pytest.FixtureRequest, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> InteractiveShell:
    """Return the shell with this extension and rich's, which replaces IPython's formatter and tracebacks."""
    pytest.importorskip("rich")  # a dependency of Dagster
    monkeypatch.setattr(builtins, "get_ipython", lambda: shell, raising=False)
    for name in request.param:
        shell.run_line_magic("load_ext", name)
    return shell


@pytest.mark.parametrize("expression", ["instance", "imported", "[str(number) for number in range(100)]"])
def test_boards_are_shown_beside_rich(beside_rich: InteractiveShell, expression: str) -> None:
    """Boards are the same in both orders of loading, and rich formats all values after unloading."""
    with_rich = format_value(beside_rich, expression)
    beside_rich.run_line_magic("unload_ext", "lesson_lib")
    assert format_value(beside_rich, expression).keys() == {"text/plain"}
    alone = new_shell()
    alone.user_ns.update(beside_rich.user_ns)
    alone.run_line_magic("load_ext", "lesson_lib")
    try:
        assert format_value(alone, expression) == with_rich
    finally:
        alone.run_line_magic("unload_ext", "lesson_lib")


def test_errors_are_shown_beside_rich(
    beside_rich: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error with a board is one line and the board; rich formats other errors, without extra frames."""
    beside_rich.run_cell("dg.materialize([imported], partition_key='nobody', instance=instance)")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "DagsterUnknownPartitionError: Could not find a partition with key `nobody`."
    assert lines[2] == "Why it failed, and what to do"
    beside_rich.run_cell("1 / 0")
    out, err = capsys.readouterr()
    assert "Traceback (most recent call last)" in out + err
    assert "interactiveshell" not in out + err


def test_the_log_of_a_run_is_only_in_its_board(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dagster writes nothing to the page; printed text stays, and a learner's log lines are in the board."""
    data = format_value(loaded, "dg.materialize([imported], partition_key='acme', instance=instance)")
    assert capsys.readouterr() == ("my own print\n", "")
    assert "INFO    imported: my own line" in data["text/plain"]
    assert '<details class="lesson-fold">' in data["text/html"]
    loaded.run_line_magic("unload_ext", "lesson_lib")
    format_value(loaded, "dg.materialize([imported], partition_key='acme', instance=instance)")
    assert "DEBUG" in capsys.readouterr().err


def test_a_learners_logger_still_writes(
    loaded: InteractiveShell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A learner's file handler receives every line, and only the output to stderr is hidden."""
    handler = logging.FileHandler(tmp_path / "run.log", encoding="utf-8")

    @dg.logger
    def to_a_file(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.getLoggerClass()("mine", logging.DEBUG)
        logger.addHandler(handler)
        return logger

    @dg.op
    def log_a_line(context: dg.OpExecutionContext) -> None:
        context.log.info("my own line")

    @dg.job(logger_defs={"file": to_a_file})
    def logging_job() -> None:
        log_a_line()

    assert loaded is not None
    logging_job.execute_in_process(run_config={"loggers": {"file": {}}})
    handler.close()
    assert "my own line" in (tmp_path / "run.log").read_text(encoding="utf-8")
    assert capsys.readouterr().err == ""


def test_an_explained_error_is_one_line_and_a_board(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output begins with the line of the exception, and the result of the cell has the exception."""
    result = loaded.run_cell("dg.materialize([imported], partition_key='nobody', instance=instance)")
    assert isinstance(result.error_in_exec, dg.DagsterUnknownPartitionError)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "DagsterUnknownPartitionError: Could not find a partition with key `nobody`."
    assert "Why it failed, and what to do" in lines
    assert not any("site-packages" in line for line in lines)


def test_the_log_of_a_failed_run_is_below_its_error(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error shows the log of its own run, and never that of an earlier run."""
    loaded.run_cell("dg.materialize([imported], partition_key='boom', instance=instance)")
    assert "    INFO    imported: my own line" in capsys.readouterr().out
    loaded.run_cell("dg.materialize([imported], partition_key='nobody', instance=instance)")
    assert "my own line" not in capsys.readouterr().out


def test_an_error_can_be_caught(loaded: InteractiveShell) -> None:
    """The exception is the one that Dagster raised, unchanged."""
    loaded.run_cell(
        "try:\n"
        "    dg.materialize([imported], partition_key='boom', instance=instance)\n"
        "except ValueError as error:\n"
        "    caught = error.args"
    )
    assert loaded.user_ns["caught"] == ("no luck",)


def test_an_error_in_a_learners_code_keeps_its_traceback(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """IPython formats errors that no library raises, and errors of mistyped magics."""
    loaded.run_cell("def half(number):\n    return number / 0\nhalf(1)")
    out = capsys.readouterr().out
    assert "----> 2     return number / 0" in out
    assert "ZeroDivisionError: division by zero" in out
    assert "Why it failed" not in out
    loaded.run_cell("%%changes nothing_of_this_name\n1")
    assert "Where it failed" not in capsys.readouterr().out


def test_only_warnings_of_libraries_are_hidden(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Learners see no warnings about beta features or in installed code, but those of their own code."""
    messages: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: messages.append(str(message)))
    shell.run_line_magic("load_ext", "lesson_lib")
    shell.run_cell(
        "@dg.asset(backfill_policy=dg.BackfillPolicy.single_run())\n"
        "def ranged(): ...\n"
        "import warnings\n"
        "warnings.warn_explicit('theirs', UserWarning, dg.__file__, 1)\n"
        "warnings.warn_explicit('my module', UserWarning, 'helpers.py', 1)\n"
        "warnings.warn('coroutine \\'a.shutdown_asyncgens\\' was never awaited', RuntimeWarning)\n"
        "warnings.warn('mine')"
    )
    assert messages == ["my module", "mine"]


ANOTHER_THREAD = """
import gc, threading

def count_runs():
    dg.DagsterInstance.ephemeral().get_runs_count()
    gc.collect()

count_runs()
thread = threading.Thread(target=count_runs)
thread.start()
thread.join()
"""


def test_an_instance_collected_by_another_thread_logs_nothing(
    loaded: InteractiveShell, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLAlchemy's log about connections of other threads is hidden."""
    loaded.run_cell(ANOTHER_THREAD)
    assert not caplog.records
    loaded.run_line_magic("unload_ext", "lesson_lib")
    loaded.run_cell(ANOTHER_THREAD)
    assert any("SQLite objects created in a thread" in str(record.exc_info) for record in caplog.records)


def test_importing_the_library_imports_no_large_package() -> None:
    """`import lesson_lib` imports neither Dagster, DuckDB, pandas nor IPython."""
    imported_modules = subprocess.run(
        [sys.executable, "-c", "import sys, lesson_lib; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "lesson_lib" in imported_modules
    assert not {"dagster", "duckdb", "pandas", "IPython"} & set(imported_modules)


def test_the_classroom_works_without_ipython() -> None:
    """In plain Python, a lab and the three records have a readable repr."""
    script = """if True:
        import sys
        sys.modules["IPython"] = None  # as if it were not installed
        import dagster as dg
        from lesson_lib.classroom import open_lab, three_records
        lab = open_lab()
        asset = dg.asset(name="loaded", partitions_def=dg.StaticPartitionsDefinition(["acme"]))(lambda: None)
        print(repr(lab).splitlines()[0])
        print(three_records(dg.DagsterInstance.ephemeral(), asset, lab.database))
    """
    process = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert process.stdout.splitlines()[:2] == ["lab", "✓ The three records of 1 key agree"]
