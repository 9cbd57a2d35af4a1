"""Exercise 1.2: register the good keys of a list, and omit the others."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from lesson_lib.classroom.display.safe_text import make_plain
from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer
from lesson_lib.classroom.exercises.sandbox import (
    KEYS,
    OtherRegistrations,
    open_instance,
    watch_registrations,
)


def _check_registration(answer: object, names: list[Any], already: Sequence[str] = ()) -> Miss | None:
    """Register the good ones of these names with the answer, and compare the keys of the set."""
    function = _require_function(answer)
    expected = list(dict.fromkeys([*already, *filter(_is_good, names)]))
    with open_instance() as instance:
        instance.add_dynamic_partitions(KEYS, already)
        with watch_registrations(instance) as elsewhere:
            returned = function(instance, list(names))
        held = instance.get_dynamic_partitions(KEYS)
    if held == expected:
        return None
    belief, aside = _find_belief(held, names, elsewhere, returned)
    return Miss(belief, seen=f"{KEYS} holds {_format_keys(held)}{aside}", expected=_format_keys(expected))


def _find_belief(
    held: Sequence[str], names: list[Any], elsewhere: OtherRegistrations, returned: object
) -> tuple[str, str]:
    """Return the misconception behind unexpected keys, and what else was seen."""
    if not held and elsewhere.sets:
        return "typo-raises-an-error", f"; the set {make_plain(repr(elsewhere.sets[0]))} has been given keys"
    if not held and elsewhere.instances:
        return "keys-live-in-the-definition", "; keys went to another instance than the given one"
    if not held:
        aside = "" if returned is None else f", and returned {make_plain(repr(returned), max_length=80)}"
        return "", f"; your function registered nothing{aside}"
    bad = [name for name in dict.fromkeys(names) if not _is_good(name)]
    if kept := [name for name in held if not _is_good(name)]:
        # Learners who omit some of them know that Dagster accepts them all.
        belief = "dagster-checks-keys" if set(map(str, bad)) <= set(held) else ""
        return belief, f"; {_format_keys(kept)} should not be among them"
    return "", ""


def _require_function(answer: object) -> Callable[..., object]:
    if not inspect.isfunction(answer):
        raise NoAnswer("Give check the function itself, by its name and without brackets behind it.")
    try:
        inspect.signature(answer).bind("instance", "names")
    except TypeError:
        raise NoAnswer("Your function is called with two arguments: an instance, and a list.") from None
    return answer


def _is_good(name: object) -> bool:
    return isinstance(name, str) and len(name.splitlines()) == 1 and bool(name.strip()) and "..." not in name


def _format_keys(keys: Sequence[str]) -> str:
    return make_plain(", ".join(map(repr, keys))) or "no key"


def _three_good_names(answer: object) -> Miss | None:
    """Three good names, in an order of their own."""
    return _check_registration(answer, ["zenith", "acme", "bluebird"])


def _unusual_names(answer: object) -> Miss | None:
    """Names that are unusual and good."""
    return _check_registration(answer, ["o'hare", "müller", "blue bird", "globex.eu", "42"])


def _bad_among_good(answer: object) -> Miss | None:
    """Bad names among good ones."""
    return _check_registration(answer, ["zenith", "", "   ", "two\nlines", "acme...zenith", "acme"])


def _not_text(answer: object) -> Miss | None:
    """One of the names is no text, but a number."""
    return _check_registration(answer, ["zenith", 5, "acme"])


def _name_twice(answer: object) -> Miss | None:
    """A name stands twice in the list."""
    return _check_registration(answer, ["zenith", "acme", "zenith"])


def _already_there(answer: object) -> Miss | None:
    """Of two names, one is a key already."""
    return _check_registration(answer, ["bluebird", "acme"], already=["zenith", "acme"])


def _empty_list(answer: object) -> Miss | None:
    """The list is empty, or nothing in it is good."""
    return _check_registration(answer, [], already=["acme"]) or _check_registration(
        answer, ["", "..."], already=["acme"]
    )


SCENARIOS = (
    _three_good_names,
    _unusual_names,
    _bad_among_good,
    _name_twice,
    _already_there,
    _empty_list,
    _not_text,
)
