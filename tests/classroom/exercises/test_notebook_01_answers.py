"""Exercises 1.2 to 1.5: values that are not answers, and answers that change what is not theirs."""

from collections.abc import Callable
from typing import Any

import pytest

from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.progress_store import load

FUNCTION = "def answer(instance, names):\n    return None\n\n\n"
UNPARTITIONED = "@dg.asset\ndef answer(context):\n    return 1\n\n\n"
DAILY = UNPARTITIONED.replace(
    "@dg.asset", '@dg.asset(partitions_def=dg.DailyPartitionsDefinition(start_date="2018-01-22"))'
)

MESSAGES = {
    'check("1.2")': "Replace the placeholders with your answer",
    'check("1.2", "register_good_keys")': "Give check the function itself",
    f'{FUNCTION}check("1.2", answer(instance, []))': "Give check the function itself",
    'def answer(names):\n    return names\n\n\ncheck("1.2", answer)': "two arguments: an instance",
    f'{FUNCTION}check("1.2", answer, instance)': "You gave 2 answers. 1.2 is asked in this way: check(",
    'check("1.3", "my_import")': "Pass your asset to check, by the name of its function",
    f'{FUNCTION}check("1.3", answer)': "That is a plain function. Put @dg.asset",
    f'{UNPARTITIONED}check("1.3", answer)': "Your asset has no dynamic partitions",
    f'{DAILY}check("1.3", answer)': "Your asset has no dynamic partitions",
    'check("1.4", "ceda")': "5 different letters out of a, b, c, d, e",
    'check("1.4", "ccdab")': "5 different letters out of a, b, c, d, e",
    'check("1.4", 5)': "5 different letters out of a, b, c, d, e",
    'check("1.5", "x")': "one letter out of a, b, c, d",
    'check("1.5", "a", "b")': 'You gave 2 answers. 1.5 is asked in this way: check("1.5", "____")',
}


@pytest.mark.parametrize(("cell", "message"), MESSAGES.items(), ids=map(str, range(1, len(MESSAGES) + 1)))
def test_another_value_is_not_attempted(cell: str, message: str, run_cell: Callable[[str], Any]) -> None:
    """The message says what would be an answer, and nothing is recorded."""
    verdict = run_cell(cell)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert message in " ".join(verdict.lines)
    assert not load().exercises


def test_the_notebooks_instance_gets_no_keys(run_cell: Callable[[str], Any]) -> None:
    """An answer that registers keys in it instead of the given instance shows its belief."""
    verdict = run_cell(
        'def a(given, names):\n    instance.add_dynamic_partitions("s3", names)\n\n\ncheck("1.2", a)'
    )
    assert verdict.misconception == "keys-live-in-the-definition"
    assert run_cell('instance.get_dynamic_partitions("s3")') == []
    run_cell('instance.add_dynamic_partitions("s3", ["acme"])')
    assert run_cell('instance.get_dynamic_partitions("s3")') == ["acme"]
    run_cell('instance.delete_dynamic_partition("s3", "acme")')


@pytest.mark.parametrize(
    ("harm", "seen"),
    [
        ("path.unlink()", "zenith.csv is gone"),
        ("path.write_text('')", "zenith.csv has been changed"),
        ("(path.parent / 'done').touch()", "done is new"),
    ],
)
def test_an_import_that_changes_the_folder_is_wrong(
    harm: str, seen: str, run_cell: Callable[[str], Any]
) -> None:
    """This is true whatever path it returns, and the learner's own lab does not change."""
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
