"""What is no answer is told how to become one, and counts neither as a mistake nor as an error."""

from collections.abc import Callable
from typing import Any

import pytest

from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.progress_store import load

FUNCTION = "def answer(instance, names):\n    return None\n\n\n"
NAKED = "@dg.asset\ndef answer(context):\n    return 1\n\n\n"
DAILY = NAKED.replace(
    "@dg.asset", '@dg.asset(partitions_def=dg.DailyPartitionsDefinition(start_date="2018-01-22"))'
)

NO_ANSWERS = {
    'check("1.2")': "Put your answer in the place of the blanks",
    'check("1.2", "register_good_keys")': "Give check the function itself",
    f'{FUNCTION}check("1.2", answer(instance, []))': "Give check the function itself",
    'def answer(names):\n    return names\n\n\ncheck("1.2", answer)': "two arguments: an instance",
    f'{FUNCTION}check("1.2", answer, instance)': "You gave 2 answers. 1.2 is asked in this way: check(",
    'check("1.3", "my_import")': "Give check your asset, by the name of its function",
    f'{FUNCTION}check("1.3", answer)': "That is a plain function. Put @dg.asset",
    f'{NAKED}check("1.3", answer)': "Your asset has no dynamic partitions",
    f'{DAILY}check("1.3", answer)': "Your asset has no dynamic partitions",
    'check("1.4", "ceda")': "5 different letters out of a, b, c, d, e",
    'check("1.4", "ccdab")': "5 different letters out of a, b, c, d, e",
    'check("1.4", 5)': "5 different letters out of a, b, c, d, e",
    'check("1.5", "x")': "one letter out of a, b, c, d",
    'check("1.5", "a", "b")': 'You gave 2 answers. 1.5 is asked in this way: check("1.5", "____")',
}


@pytest.mark.parametrize(("cell", "message"), NO_ANSWERS.items(), ids=map(str, range(1, len(NO_ANSWERS) + 1)))
def test_is_told_what_would_be_one(cell: str, message: str, run_cell: Callable[[str], Any]) -> None:
    """And nothing is recorded of it."""
    verdict = run_cell(cell)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert message in " ".join(verdict.lines)
    assert not load().exercises


def test_a_register_that_forgets_the_given_instance_changes_no_other(run_cell: Callable[[str], Any]) -> None:
    """An answer that registers in the notebook's own instance leaves no key there."""
    verdict = run_cell(
        'def a(given, names):\n    instance.add_dynamic_partitions("s3", names)\n\n\ncheck("1.2", a)'
    )
    assert verdict.misconception == "keys-live-in-the-definition"
    assert run_cell('instance.get_dynamic_partitions("s3")') == []
    run_cell('instance.add_dynamic_partitions("s3", ["acme"])')
    assert run_cell('instance.get_dynamic_partitions("s3")') == ["acme"]


@pytest.mark.parametrize(
    ("harm", "seen"),
    [
        ("path.unlink()", "acme.csv is gone"),
        ("path.write_text('')", "acme.csv has been changed"),
        ("(path.parent / 'done').touch()", "done is new"),
    ],
)
def test_an_import_that_changes_the_folder_is_not_right(
    harm: str, seen: str, run_cell: Callable[[str], Any]
) -> None:
    """Whatever path it returns; and the learner's own lab is untouched."""
    verdict = run_cell(
        "@dg.asset(partitions_def=s3_partitions_def)\n"
        "def answer(context, source: SourceFolder) -> str:\n"
        "    path = source.find(context.partition_key)\n"
        f"    {harm}\n"
        "    return str(path)\n\n\n"
        'check("1.3", answer)'
    )
    assert verdict.outcome is Outcome.NOT_YET
    assert dict(verdict.facts)["Seen"] == seen
    assert run_cell('len((lab.source / "acme.csv").read_text().splitlines())') == 9
