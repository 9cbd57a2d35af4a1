"""Exercise 1.2: register the good keys of a list, and omit the others."""

import inspect
import unicodedata
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from lesson_lib.classroom.display.safe_text import make_plain
from lesson_lib.classroom.exercises.exercise import Evidence, Miss, NoAnswer
from lesson_lib.classroom.exercises.sandbox import (
    KEYS,
    OtherRegistrations,
    open_instance,
    watch_registrations,
)

_TYPO_SIMILARITY = 0.5  # of a misspelt name to the right one; one wrong letter of two is still a typo


def _check_registration(
    answer: object, names: list[Any], already: Sequence[str] = (), belief_if_all_held: str = ""
) -> Miss | None:
    """Register the good ones of these names with the answer, and compare the keys of the set."""
    function = _require_function(answer)
    expected = list(dict.fromkeys([*already, *filter(_is_good, names)]))
    with open_instance() as instance:
        instance.add_dynamic_partitions(KEYS, already)
        with watch_registrations(instance) as elsewhere:
            returned = function(instance, list(names))
        held = instance.get_dynamic_partitions(KEYS)
    if held == expected and not elsewhere.sets and not elsewhere.instances:
        return None
    belief = belief_if_all_held if held == names else _find_belief(held, elsewhere)
    seen = f"{KEYS} holds {_format_keys(held)}{_describe_fault(held, expected, elsewhere, returned)}"
    return Miss(belief, seen, expected=_format_keys(expected))


def _find_belief(held: Sequence[str], elsewhere: OtherRegistrations) -> str:
    """Return the belief that sends all keys elsewhere."""
    if not held and elsewhere.instances:
        return "" if elsewhere.sets else "keys-live-in-the-definition"
    if not held and len(set(elsewhere.sets)) == 1 and _is_misspelt(elsewhere.sets[0]):
        return "typo-raises-an-error"
    return ""


def _is_misspelt(name: str) -> bool:
    return SequenceMatcher(None, str(name).casefold(), KEYS).ratio() >= _TYPO_SIMILARITY


def _describe_fault(
    held: Sequence[str], expected: Sequence[str], elsewhere: OtherRegistrations, returned: object
) -> str:
    """Describe one fault, as the end of a sentence about the keys of the set."""
    if elsewhere.instances:
        return "; keys went to another instance than the given one"
    if elsewhere.sets:
        return f"; the set {make_plain(repr(elsewhere.sets[0]))} has been given keys"
    if not held:
        aside = "" if returned is None else f", and returned {make_plain(repr(returned), max_length=80)}"
        return f"; your function registered nothing{aside}"
    if kept := [name for name in held if name not in expected]:
        return f"; {_format_keys(kept[:1])} should not be among them"
    if lost := [name for name in expected if name not in held]:
        return f"; {_format_keys(lost[:1])} is missing"
    return "; their order is another one"


def _require_function(answer: object) -> Callable[..., object]:
    if not callable(answer) or isinstance(answer, type):
        raise NoAnswer("Give check the function itself, by its name and without brackets behind it.")
    try:
        inspect.signature(answer).bind("instance", "names")
    except (TypeError, ValueError):
        raise NoAnswer("Your function is called with two arguments: an instance, and a list.") from None
    return answer


def _is_good(name: object) -> bool:
    return (
        isinstance(name, str) and bool(name.strip()) and not any(part in name for part in ("\n", "\r", "..."))
    )


def _format_keys(keys: Sequence[object]) -> str:
    """Format keys so that those with combining accents can be told from those without."""
    text = ", ".join(map(repr, keys))
    spelled = (f"\\u{ord(letter):04x}" if unicodedata.combining(letter) else letter for letter in text)
    return make_plain("".join(spelled)) or "no key"


def _three_good_names(answer: object) -> Miss | None:
    """Three good names, in an order of their own."""
    return _check_registration(answer, ["zenith", "acme", "bluebird"])


def _bad_among_good(answer: object) -> Miss | None:
    """Bad names among good ones."""
    # Learners who omit some of the bad names know that Dagster accepts them all.
    names = ["zenith", "", "   ", "two\nlines", "acme...zenith", "acme"]
    return _check_registration(answer, names, belief_if_all_held="dagster-checks-keys")


def _unusual_names(answer: object) -> Miss | None:
    """Names that are unusual and good."""
    return _check_registration(answer, ["o'hare", "müller", "blue bird", "globex.eu", "42", "日本", "🐦"])


def _spaces(answer: object) -> Miss | None:
    """Good names with white space around and inside them."""
    return _check_registration(answer, [" acme", "acme", "acme ", "blue  bird", "north\tsouth", "\tzenith"])


def _capitals_and_accents(answer: object) -> Miss | None:
    """Good names that differ only in capitals, accents, or the way in which an accent is stored."""
    names = ["Acme", "acme", "ACME", "straße", "strasse", "cafe", "café", "cafe\u0301", "ﬁnch", "finch"]
    return _check_registration(answer, names)


def _punctuation(answer: object) -> Miss | None:
    """Good names with dots, commas, hyphens and other signs."""
    names = ["a..b", "..", ".acme.", ". . .", "…", "a,b", "north-south", "north_south", "a/b", "a|b", "*"]
    others = [r"two\nlines", "-", "100%", '"acme"', "[acme]", "a;b", "a:b", "café & co", "#1", "_acme"]
    return _check_registration(answer, names) or _check_registration(
        answer, [*others, "acme.csv", "zero\u200bwidth"]
    )


def _words_like_values(answer: object) -> Miss | None:
    """Good names that look like values of another type."""
    return _check_registration(answer, ["None", "True", "0", "007", "2.5", "nan", "2018-01-22"])


def _long_names(answer: object) -> Miss | None:
    """Good names of one letter, and of 300."""
    return _check_registration(answer, ["a", "Z", "x" * 300, "x" * 299 + "y"])


def _many_names(answer: object) -> Miss | None:
    """A list of 120 good names."""
    return _check_registration(answer, [f"customer {number}" for number in range(120)])


def _blank_names(answer: object) -> Miss | None:
    """Names of white space only, among good ones."""
    return _check_registration(answer, ["zenith", " ", "\t", " \t ", "\N{NO-BREAK SPACE}", "acme"])


def _line_breaks(answer: object) -> Miss | None:
    """Names with a line break at the start, inside, or at the end."""
    return _check_registration(
        answer, ["zenith", "acme\n", "\nacme", "acme\r\n", "two\r\nlines", "acme"]
    ) or (_check_registration(answer, ["zenith", "two\rlines", "acme\r", "\racme", "\n", "acme"]))


def _three_dots(answer: object) -> Miss | None:
    """Names with three dots at the start, inside, or at the end."""
    names = ["zenith", "...", "...acme", "acme...", "acme ... zenith", "a....b", "acme"]
    return _check_registration(answer, names)


def _name_twice(answer: object) -> Miss | None:
    """A name stands twice in the list."""
    return _check_registration(answer, ["zenith", "acme", "zenith"])


def _already_there(answer: object) -> Miss | None:
    """Some of the names are keys already."""
    already = ["zenith", "acme", "globex.eu", "Bluebird"]
    names = ["bluebird", "acme", "acme.eu", "globex", "zenith"]
    return _check_registration(answer, names, already) or _check_registration(answer, ["acme"], already)


def _empty_list(answer: object) -> Miss | None:
    """The list is empty, or nothing in it is good."""
    return _check_registration(answer, [], already=["acme"]) or _check_registration(
        answer, ["", "..."], already=["acme"]
    )


def _not_text(answer: object) -> Miss | None:
    """Some of the names are not text: numbers, bytes, None, a path, a list."""
    return _check_registration(answer, ["zenith", 5, 2.5, True, b"harbour", "acme"]) or _check_registration(
        answer, ["zenith", None, Path("harbour"), ["harbour"], "acme"]
    )


SCENARIOS = (
    _three_good_names,
    _bad_among_good,
    _unusual_names,
    _spaces,
    _capitals_and_accents,
    _punctuation,
    _words_like_values,
    _long_names,
    _many_names,
    _blank_names,
    _line_breaks,
    _three_dots,
    _name_twice,
    _already_there,
    _empty_list,
    _not_text,
)

EVIDENCE: dict[str, Evidence] = {
    "keys-live-in-the-definition": "The keys went to another instance, and to its set s3.",
    "typo-raises-an-error": "The keys went to one other set, whose name resembles s3.",
    "dagster-checks-keys": _three_good_names,  # the same without bad names
}
