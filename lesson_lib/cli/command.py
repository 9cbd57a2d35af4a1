"""The command line of `lesson`: its commands, options and exit status."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lesson_lib.cli.checkout import FOLDERS, CannotGoOn, find_checkout, find_enclosing_checkout, shorten_path
from lesson_lib.notebook_cells import NotebookError

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C stopped


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, by default those of this process, and return the exit status.

    It is 0 if all is well, 1 if the output says what to do, and 130 after Ctrl-C. After the help or a usage
    error, argparse raises SystemExit.
    """
    parser = _build_parser()
    chosen = parser.parse_args(argv)
    try:
        if chosen.command is None:
            parser.print_help()
            return 0
        return _run(chosen)
    except (CannotGoOn, NotebookError) as error:
        reason = str(error)
    except ModuleNotFoundError as missing:
        reason = (
            f"`lesson {chosen.command}` needs {missing.name}, which is not installed. "
            "Run `make lab` once: it installs it."
        )
    except KeyboardInterrupt:
        print("Stopped. No notebook was changed.", file=sys.stderr)
        return INTERRUPTED
    print(reason, file=sys.stderr)
    return 1


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lesson", description="Look after the course on this machine.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("doctor", help="check this machine: one line a check, with the fix where one is due")
    for name, what in (
        ("run", "run notebooks without JupyterLab, into HTML copies to read"),
        ("solutions", "for instructors: solve notebooks and run them, and see every check right"),
        ("student", "for instructors: copy notebooks as a learner begins with them, to hand out"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument(
            "notebooks",
            nargs="*",
            metavar="NOTEBOOK",
            help="such as 01_irregular_partitions or 01; all without",
        )
        place = f"where the copies go (default: {FOLDERS[name]}/)"
        command.add_argument("--output", type=Path, metavar="DIR", help=place)
    start_over = commands.add_parser(
        "start-over", help="restore the notebooks and begin again; your own are kept in my-notebooks/"
    )
    start_over.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="these; all without")
    reset = commands.add_parser(
        "reset", help="remove what the course made: output/, its database, Dagster's records"
    )
    reset.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    return parser


def _run(chosen: argparse.Namespace) -> int:
    match chosen.command:
        case "doctor":
            return _run_doctor()
        case "run" | "solutions" | "student" as command:
            return _run_on_notebooks(command, chosen.notebooks, chosen.output)
        case "start-over":
            return _run_start_over(chosen.notebooks)
        case _:
            return _run_reset(dry_run=chosen.dry_run)


# Each command is imported when it is called, so that the others work without what it needs.


def _run_doctor() -> int:
    from lesson_lib.cli.doctor import examine  # noqa: PLC0415 - as explained above

    all_ok = True
    for finding in examine():
        print(f"{'ok' if finding.ok else 'fix':<4}{finding.text}", flush=True)
        all_ok = all_ok and finding.ok
    return 0 if all_ok else 1


def _run_on_notebooks(command: str, names: Sequence[str], output: Path | None) -> int:
    from lesson_lib.cli.run import choose_notebooks, run_notebooks  # noqa: PLC0415 - as explained above

    checkout = find_checkout()
    notebooks, folder = choose_notebooks(checkout, names), output or checkout / FOLDERS[command]
    if command == "run":
        return run_notebooks(notebooks, folder)
    # It loads all of Dagster, which would delay `lesson run`.
    from lesson_lib.cli.hand_out import write_solutions, write_student  # noqa: PLC0415 - as explained above

    if command == "solutions":
        return write_solutions(notebooks, folder)
    for copy in write_student(notebooks, folder):
        print(f"Hand out {shorten_path(copy, Path.cwd())}")
    return 0


def _run_start_over(names: Sequence[str]) -> int:
    from lesson_lib.cli.run import choose_notebooks  # noqa: PLC0415 - as explained above
    from lesson_lib.cli.start_over import start_over  # noqa: PLC0415 - as explained above

    checkout = find_enclosing_checkout()
    lines = start_over(checkout, choose_notebooks(checkout, names))
    for line in lines or ["All notebooks are as they came, and there is no progress yet."]:
        print(line)
    if lines:
        print("If a notebook is open in JupyterLab, choose File > Reload Notebook from Disk.")
    return 0


def _run_reset(*, dry_run: bool) -> int:
    from lesson_lib.cli.reset import plan_reset, remove  # noqa: PLC0415 - as explained above

    checkout = find_enclosing_checkout()
    print(f"Checkout: {checkout}")
    plan = plan_reset(checkout)
    removed = []
    try:
        for path in plan.paths:
            if not dry_run:
                remove(plan, path)
            removed.append(path)
    finally:  # not while removing: a reader that closes the pipe must not stop it halfway
        for path in removed:
            print(f"{'Would remove' if dry_run else 'Removed'} {shorten_path(path, checkout)}")
    for note in plan.notes:
        print(note)
    if not plan.paths:
        print("Nothing was removed." if plan.notes else "There is nothing to remove.")
    return int(plan.keeps_state)
