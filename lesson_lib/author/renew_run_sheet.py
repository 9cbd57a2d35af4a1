"""Write each lesson's run sheet into the page for instructors, between that lesson's markers.

python -m lesson_lib.author.renew_run_sheet
"""

import re
import sys

from lesson_lib.author.notebook_runs import ROOT, NotebookError, read
from lesson_lib.author.run_sheet import findings, table
from lesson_lib.classroom.exercises.catalogue import LESSONS
from lesson_lib.classroom.exercises.plan import Lesson

PAGE = ROOT / "docs" / "teaching-this-course.md"


def renewed(page: str, number: str, sheet: str) -> str:
    """Return the page with this run sheet between the markers of the notebook of this number.

    Raises:
        ValueError: the page does not have both markers once, in this order.
    """
    begin = f"<!-- run sheet {number}: made by make notebooks -->"
    end = f"<!-- end of run sheet {number} -->"
    around = re.fullmatch(f"(?s)(.*{re.escape(begin)}).*({re.escape(end)}.*)", page)
    if not around or (page.count(begin), page.count(end)) != (1, 1):
        raise ValueError(
            f"{PAGE.name} has no single place for the run sheet of notebook {number}. "
            f"Write {begin} and, below it, {end} where it belongs."
        )
    return f"{around[1]}\n\n{sheet}\n\n{around[2]}"


def sheet_of(lesson: Lesson) -> tuple[str, list[str]]:
    """Return a lesson's tables, and what is at odds in its plan.

    Raises:
        NotebookError: its notebook cannot be read.
    """
    notebook = read(ROOT / "notebooks" / f"{lesson.notebook}.ipynb")
    return table(lesson, notebook), findings(lesson, notebook)


def main() -> int:
    """Renew the page where it differs, say how it went, and return the exit status."""
    before = page = PAGE.read_text(encoding="utf-8")
    at_odds = []
    try:
        for lesson in LESSONS:
            sheet, wrong = sheet_of(lesson)
            page = renewed(page, lesson.number, sheet)
            at_odds += [f"{lesson.notebook}: {finding}" for finding in wrong]
    except (NotebookError, ValueError) as error:
        print(f"{error}\n{PAGE.name} is untouched.", file=sys.stderr)
        return 1
    if page != before:
        PAGE.write_text(page, encoding="utf-8")
    print(f"{PAGE.name}: {'unchanged' if page == before else 'renewed'}")
    for finding in at_odds:
        print(f"  to mend before it is committed: {finding}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
