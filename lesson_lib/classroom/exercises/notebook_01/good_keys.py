"""Exercise 1.2: register the good keys of a list, and leave out the others."""

import inspect
from collections.abc import Callable, Sequence
from inspect import cleandoc
from textwrap import indent
from typing import Any

import dagster as dg

from lesson_lib.classroom.display.safe_text import plain
from lesson_lib.classroom.exercises.exercise import Exercise, Miss, NoAnswer
from lesson_lib.classroom.exercises.world import KEYS, Elsewhere, listening


def _registered(answer: object, names: list[Any], already: Sequence[str] = ()) -> Miss | None:
    """Let the answer register the good ones of these names, and compare with what is then in the set."""
    function = _function_of_two(answer)
    expected = list(dict.fromkeys([*already, *filter(_is_good, names)]))
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(KEYS, already)
        with listening(instance) as elsewhere:
            returned = function(instance, list(names))
        held = instance.get_dynamic_partitions(KEYS)
    if held == expected:
        return None
    belief, aside = _belief_about_registering(held, names, elsewhere, returned)
    return Miss(belief, seen=f"{KEYS} holds {_listed(held)}{aside}", expected=_listed(expected))


def _belief_about_registering(
    held: Sequence[str], names: list[Any], elsewhere: Elsewhere, returned: object
) -> tuple[str, str]:
    """Return the misconception behind other keys than expected, and what else there is to see."""
    if not held and elsewhere.sets:
        return "typo-raises-an-error", f"; the set {plain(repr(elsewhere.sets[0]))} has been given keys"
    if not held and elsewhere.instances:
        return "keys-live-in-the-definition", "; keys went to another instance than the given one"
    if not held:
        aside = "" if returned is None else f", and returned {plain(repr(returned), longest=80)}"
        return "", f"; your function registered nothing{aside}"
    bad = [name for name in dict.fromkeys(names) if not _is_good(name)]
    if kept := [name for name in held if not _is_good(name)]:
        # Who leaves out some of them knows that Dagster takes them all.
        belief = "dagster-checks-keys" if set(map(str, bad)) <= set(held) else ""
        return belief, f"; {_listed(kept)} should not be among them"
    return "", ""


def _function_of_two(answer: object) -> Callable[..., object]:
    if not inspect.isfunction(answer):
        raise NoAnswer("Give check the function itself, by its name and without brackets behind it.")
    try:
        inspect.signature(answer).bind("instance", "names")
    except TypeError:
        raise NoAnswer("Your function is called with two arguments: an instance, and a list.") from None
    return answer


def _is_good(name: object) -> bool:
    return isinstance(name, str) and len(name.splitlines()) == 1 and bool(name.strip()) and "..." not in name


def _listed(keys: Sequence[str]) -> str:
    return plain(", ".join(map(repr, keys))) or "no key"


def _three_good_names(answer: object) -> Miss | None:
    """Three good names, in an order of their own."""
    return _registered(answer, ["zenith", "acme", "bluebird"])


def _unusual_names(answer: object) -> Miss | None:
    """Names that are unusual and good."""
    return _registered(answer, ["o'hare", "müller", "blue bird", "globex.eu", "42"])


def _bad_among_good(answer: object) -> Miss | None:
    """Bad names among good ones."""
    return _registered(answer, ["zenith", "", "   ", "two\nlines", "acme...zenith", "acme"])


def _not_text(answer: object) -> Miss | None:
    """One of the names is no text, but a number."""
    return _registered(answer, ["zenith", 5, "acme"])


def _name_twice(answer: object) -> Miss | None:
    """A name stands twice in the list."""
    return _registered(answer, ["zenith", "acme", "zenith"])


def _already_there(answer: object) -> Miss | None:
    """Of two names, one is a key already."""
    return _registered(answer, ["bluebird", "acme"], already=["zenith", "acme"])


def _empty_list(answer: object) -> Miss | None:
    """The list is empty, or nothing in it is good."""
    return _registered(answer, [], already=["acme"]) or _registered(answer, ["", "..."], already=["acme"])


def _register_cell(*body: str) -> str:
    """Write the cell of 1.2 with these lines as the function's body."""
    written = indent("\n".join(body), "    ")
    return (
        "def register_good_keys(instance: dg.DagsterInstance, names: list) -> None:\n"
        f'{written}\n\n\ncheck("1.2", register_good_keys)'
    )


GOOD_KEYS = Exercise(
    id="1.2",
    title="Register the good keys",
    objective="register",
    minutes=4,
    task="A list of names has come in. Dagster would take each of them, whatever it is, so your code has "
    "to choose. Write a function that registers the good names in the set `s3` of the instance that it is "
    "given, in their order. A name is bad if it is not text, is empty or blank, or has a line break or "
    "`...` in it (`...` stands for a range of keys). Every other name is good. A name that comes twice is "
    "registered once.",
    starter=_register_cell("# Register the good names, and leave out the others.", "..."),
    solution=cleandoc("""
        def is_good(name: object) -> bool:
            return isinstance(name, str) and name.strip() != "" and "\\n" not in name and "..." not in name


        def register_good_keys(instance: dg.DagsterInstance, names: list) -> None:
            good = [name for name in names if is_good(name)]
            each_once = list(dict.fromkeys(good))
            instance.add_dynamic_partitions(s3_partitions_def.name, each_once)


        check("1.2", register_good_keys)
    """),
    takeaway="What a key may be is known to your code alone: check keys before you register them, as "
    "register_keys of lesson_lib.pipeline does.",
    hints=(
        "First choose, then register: a list with the good names only, and one call for the instance.",
        'isinstance(name, str), name.strip(), "\\n" in name, "..." in name: each answers one question.',
        "After choosing: instance.add_dynamic_partitions(s3_partitions_def.name, list(dict.fromkeys(good))).",
    ),
    scenarios=(
        _three_good_names,
        _unusual_names,
        _bad_among_good,
        _name_twice,
        _already_there,
        _empty_list,
        _not_text,
    ),
    also_right=(
        _register_cell(
            "for name in names:",
            "    if not isinstance(name, str) or not name or name.isspace():",
            "        continue",
            '    if len(name.splitlines()) == 1 and "..." not in name:',
            '        instance.add_dynamic_partitions("s3", [name])',
        ),
        _register_cell(
            "from lesson_lib.pipeline import InvalidKey, register_keys",
            "for name in names:",
            "    try:",
            "        register_keys(instance, [name])",
            "    except InvalidKey:",
            "        pass",
        ),
    ),
    wrong=(
        (
            _register_cell('instance.add_dynamic_partitions("s3", list(dict.fromkeys(names)))'),
            "dagster-checks-keys",
        ),
        (
            _register_cell("for name in names:", '    instance.add_dynamic_partitions("s3", [name])'),
            "dagster-checks-keys",
        ),
        (
            _register_cell(
                'good = [name for name in names if name.strip() and "..." not in name]',
                'instance.add_dynamic_partitions("S3", good)',
            ),
            "typo-raises-an-error",
        ),
        (
            _register_cell(
                "instance = dg.DagsterInstance.ephemeral()",
                'instance.add_dynamic_partitions("s3", names)',
            ),
            "keys-live-in-the-definition",
        ),
        (
            _register_cell('instance.add_dynamic_partitions("s3", names)').replace("(instance:", "(given:"),
            "keys-live-in-the-definition",
        ),
    ),
)
