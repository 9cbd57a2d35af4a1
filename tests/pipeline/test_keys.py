"""What may be a key, and how keys are registered."""

import unicodedata
from collections import ChainMap
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lesson_lib.pipeline import (
    InstanceUnavailable,
    InvalidKey,
    daily_partitions_def,
    register_keys,
    s3_partitions_def,
)
from lesson_lib.pipeline.keys import judge_keys
from tests.pipeline.workspace import Workspace, priced

BLANKS = "\u00a0\u1680\u2002\u2009\u202f\u205f\u2800\u3000"
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212\u2043\uff0d"


def test_the_daily_definition_names_the_five_days_of_the_course() -> None:
    """Dagster's end date is not among them."""
    assert daily_partitions_def.get_partition_keys() == [f"2018-01-{day}" for day in range(22, 27)]


def test_keys_are_registered_in_the_order_given(workspace: Workspace) -> None:
    """The instance keeps them under the name of the set."""
    assert register_keys(workspace.instance, ["zenith", "acme", "o'hare"]) == ["zenith", "acme", "o'hare"]
    assert s3_partitions_def.get_partition_keys(dynamic_partitions_store=workspace.instance) == [
        "zenith",
        "acme",
        "o'hare",
    ]


def test_a_registered_key_keeps_its_place(workspace: Workspace) -> None:
    """Only new keys are added and returned, each once."""
    register_keys(workspace.instance, ["zenith", "acme"])
    assert register_keys(workspace.instance, ["bluebird", "zenith", "bluebird", "acme"]) == ["bluebird"]
    assert workspace.keys() == ["zenith", "acme", "bluebird"]
    assert register_keys(workspace.instance, []) == []
    assert workspace.keys() == ["zenith", "acme", "bluebird"]


def test_a_key_is_normalized(workspace: Workspace) -> None:
    """Both spellings of é are one key, in NFC."""
    assert register_keys(workspace.instance, ["cafe\u0301", "caf\u00e9"]) == ["caf\u00e9"]
    assert workspace.keys() == ["caf\u00e9"]


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("", "is empty"),
        (" \t", "is blank"),
        ("\u200d \u200d", "is blank"),
        ("\u3164", "is blank"),
        ("\u2800", "is blank"),
        ("acme\u2800", "begins or ends with white space"),
        ("\u115f\u1160", "is blank"),
        ("\uffa0 \uffa0", "is blank"),
        ("\ufe0f", "is blank"),
        (" acme", "begins or ends with white space"),
        ("acme\u00a0", "begins or ends with white space"),
        ("ac\nme", "contains the invisible character U+000A"),
        ("ac\x00me", "contains the invisible character U+0000"),
        ("ac\u200bme", "contains the invisible character U+200B"),
        ("ac\u202eme", "contains the invisible character U+202E"),
        ("ac\udc80me", "contains the invisible character U+DC80"),
        ("a/b", "contains '/', a path separator"),
        ("a\\b", r"contains '\\', a path separator"),
        ("a..b", "contains '..', two dots in a row"),
        ("a...b", "contains '..', two dots in a row (a parent folder, or Dagster's range separator)"),
        (".acme", "begins with a dot, as hidden files do"),
        ("a*", "contains '*', a glob character"),
        ("a?", "contains '?', a glob character"),
        ("a[b", "contains '[', a glob character"),
        ("a]b", "contains ']', a glob character"),
        ("a|b", "contains '|', the separator of multi-dimensional keys"),
        ("a,b", "contains ',', the separator of key lists"),
        ("x" * 101, "has 101 characters, more than 100"),
        ("株" * 84, "makes a file name of 256 bytes, and no disk takes more than 255"),
    ],
)
def test_a_key_that_breaks_a_rule_is_refused(shared: Workspace, key: str, fault: str) -> None:
    """The error names the key and the rule, and no key of the call is added."""
    shown = repr(key) if len(key) <= 100 else key[:100] + "..."
    with shared.raises(InvalidKey, shown, f"cannot be a partition key: it {fault}", "Rename the file"):
        register_keys(shared.instance, ["bluebird", key, "zenith"])


@pytest.mark.parametrize("key", [7, None, b"acme", ("acme",)])
def test_a_key_that_is_not_a_string_is_refused(shared: Workspace, key: object) -> None:
    """The error shows the value that was passed instead."""
    with shared.raises(InvalidKey, "A partition key is a string", repr(key), type(key).__name__):
        register_keys(shared.instance, ["bluebird", key])


def test_a_single_string_is_not_read_as_a_list_of_letters(shared: Workspace) -> None:
    """The error shows what to write instead."""
    with shared.raises(InvalidKey, "register_keys takes a list of keys: write ['acme']"):
        register_keys(shared.instance, "acme")


@pytest.mark.parametrize(
    ("keys", "key", "other"),
    [
        (["bluebird", "ACME"], "ACME", "acme"),
        (["Zenith", "zenith"], "zenith", "Zenith"),
        (["straße", "STRASSE"], "STRASSE", "straße"),
        (["café", "CAFE\u0301"], "CAFÉ", "café"),
        *(([f"acme{blank}corp", "acme corp"], "acme corp", f"acme{blank}corp") for blank in BLANKS),
        *((["acme-corp", f"acme{dash}corp"], f"acme{dash}corp", "acme-corp") for dash in DASHES),
        (["acme", "ａｃｍｅ"], "ａｃｍｅ", "acme"),
        (["acme", "\u0430cm\u0435"], "\u0430cm\u0435", "acme"),  # in part Cyrillic
        (["o'hare", "o’hare"], "o’hare", "o'hare"),
        (["HOT", "НОТ"], "НОТ", "HOT"),  # capitals of Latin and Cyrillic
        (["BHTA", "ΒΗΤΑ"], "ΒΗΤΑ", "BHTA"),  # and of Greek
        (["Ньютон", "Hьютон"], "Hьютон", "Ньютон"),
    ],
)
def test_a_lookalike_is_refused(shared: Workspace, keys: list[str], key: str, other: str) -> None:
    """A key that a disk or a reader takes for another one is refused, new or registered."""
    with shared.raises(
        InvalidKey, f"{key!r} is a lookalike of {other!r}", "upper or lower case", "Rename one"
    ):
        register_keys(shared.instance, keys)


def test_a_registered_key_is_never_refused_for_another_one(loaded: Workspace) -> None:
    """If a lookalike was registered past the rules, the key that was there first still counts."""
    loaded.instance.add_dynamic_partitions("s3", ["ACME"])
    assert register_keys(loaded.instance, ["acme", "zenith", "ACME"]) == ["zenith"]
    assert list(judge_keys(["acme", "ACME"], ["acme", "ACME"])) == ["acme", "ACME"]


def test_keys_that_only_resemble_each_other_are_fine(workspace: Workspace) -> None:
    """Letters with an accent, and ASCII characters of a similar shape, belong to different customers."""
    keys = ["cafe", "café", "store1", "storel", "st0re", "store", "barn", "bam", "日本", "日木"]
    keys += ["Σικία", "Οικία", "ΟΣΕ", "ΣΟΕ", "Գոռ", "Զոռ"]  # confusable with ASCII, and not with each other
    assert register_keys(workspace.instance, keys) == keys


@pytest.mark.parametrize("day", ["2018-01-22", "2018-01-29", "2018-02-30", "2018-1-2", "２０１８‑01‑29"])
def test_a_key_that_is_spelled_like_a_day_is_refused_for_customers(shared: Workspace, day: str) -> None:
    """Days belong to the exchange, whether the calendar has them or not."""
    with shared.raises(InvalidKey, f"{unicodedata.normalize('NFC', day)!r} is spelled like a day", "Rename"):
        register_keys(shared.instance, [day])


@pytest.mark.parametrize("key", ["2018", "2018-01", "20180122", "2018-01-22-acme", "acme-2018-01-22"])
def test_a_key_that_contains_a_date_is_fine(workspace: Workspace, key: str) -> None:
    """Only a whole key can be a day."""
    assert register_keys(workspace.instance, [key]) == [key]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (pd.DataFrame({"customer": ["acme"]}), "A DataFrame would yield its columns"),
        ({"customer": ["acme"]}, "A dict would yield only the names of its entries"),
        (ChainMap({"customer": "acme"}), "A ChainMap would yield only the names of its entries"),
        (b"acme", "takes a list of strings, not bytes"),
        (bytearray(b"acme"), "takes a list of strings, not bytearray"),
        (5, "takes a list of keys, not 5 (int)"),
        (None, "takes a list of keys, not None (NoneType)"),
        (np.array("acme"), "takes a list of keys, not array('acme'"),
        ([["acme"]], "A partition key is a string, not ['acme'] (list)"),
        (dg.PartitionKeyRange("acme", "globex"), "a range only names registered ones"),
    ],
)
def test_a_container_that_does_not_yield_keys_is_refused(shared: Workspace, keys: Any, message: str) -> None:  # noqa: ANN401
    """Nothing is registered, and the error names what to pass instead."""
    with shared.raises(InvalidKey, message):
        register_keys(shared.instance, keys)


def test_columns_sets_and_generators_of_keys_are_registered(workspace: Workspace) -> None:
    """Any iterable that yields keys serves as a list."""
    column = pd.DataFrame({"customer": ["acme", "zenith"]})["customer"]
    assert register_keys(workspace.instance, column) == ["acme", "zenith"]
    assert register_keys(workspace.instance, (key for key in ["globex"])) == ["globex"]
    assert register_keys(workspace.instance, {"bluebird"}) == ["bluebird"]
    assert register_keys(workspace.instance, {"initech": 1}.keys()) == ["initech"]


def fail_from_the_third_call(monkeypatch: pytest.MonkeyPatch, *, on_deletes: bool) -> None:
    """Let an instance add keys twice, and then raise that its disk is full."""
    calls = iter(range(100))
    add = dg.DagsterInstance.add_dynamic_partitions

    def add_or_fail(instance: dg.DagsterInstance, name: str, keys: list[str]) -> None:
        if next(calls) >= 2:
            raise OSError("database or disk is full")
        add(instance, name, keys)

    def fail(*_: object) -> None:
        raise OSError("database or disk is full")

    monkeypatch.setattr("lesson_lib.pipeline.keys.KEYS_PER_CALL", 10)
    monkeypatch.setattr(dg.DagsterInstance, "add_dynamic_partitions", add_or_fail)
    if on_deletes:
        monkeypatch.setattr(dg.DagsterInstance, "delete_dynamic_partition", fail)


@pytest.mark.parametrize(
    ("on_deletes", "left", "outcome"),
    [(False, 0, "No key was registered"), (True, 20, "Only the first 20 keys are registered")],
)
def test_keys_are_registered_all_or_none(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, *, on_deletes: bool, left: int, outcome: str
) -> None:
    """Keys that were added before the disk was full are removed; if this fails, the message reports it."""
    workspace.instance.add_dynamic_partitions("s3", ["acme"])
    keys = [f"k{number}" for number in range(35)]
    with monkeypatch.context() as patch:
        fail_from_the_third_call(patch, on_deletes=on_deletes)
        with pytest.raises(InstanceUnavailable) as caught:
            register_keys(workspace.instance, keys)
    assert str(caught.value) == (
        f"{outcome}: the instance could not store them (database or disk is full). The disk, or your share "
        "of it, is full. Free some room, and try again. Then call register_keys again with the same keys."
    )
    assert workspace.keys() == ["acme", *keys[:left]]
    assert register_keys(workspace.instance, keys) == keys[left:]


def test_the_longest_key_and_joiners_are_fine(workspace: Workspace) -> None:
    """A key may have 100 characters, and invisible ones that spelling needs."""
    keys = ["x" * 100, "株" * 83, "\u0645\u06cc\u200c\u062e", "\u0915\u094d\u200d\u0937"]
    assert register_keys(workspace.instance, keys) == keys


def test_more_keys_than_one_sql_statement_takes_are_registered(workspace: Workspace) -> None:
    """They keep their order across the calls that they are split into."""
    keys = [f"customer {number}" for number in range(20_001)]
    assert register_keys(workspace.instance, keys) == keys
    assert workspace.keys() == keys


@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # examples share the workspace: they add up
)
@given(
    st.text(max_size=6)
    | st.text(
        "aA\u00e9e\u0301\u1e9b\u017f\u00df'\".,/\\*?[]|;%$ \u200d\u202e\n\ud800", min_size=1, max_size=8
    )
    | st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
)
def test_any_text_is_refused_or_loads_under_exactly_its_key(loaded: Workspace, key: str) -> None:
    """A registered text loads under its NFC form, and a refused one changes nothing."""
    normal = unicodedata.normalize("NFC", key)
    keys, prices = loaded.keys(), loaded.prices()
    try:
        added = register_keys(loaded.instance, [key])
    except InvalidKey:
        assert loaded.keys() == keys
        return
    assert added == ([] if normal in keys else [normal])
    price = float(len(prices) + 10)
    loaded.write(key, priced(price))
    loaded.load(normal)
    assert loaded.prices() == prices | {normal: [price]}


def test_many_keys_are_judged_each_for_itself() -> None:
    """A key that breaks a rule, or is a lookalike, gives an error in its place and affects no later key."""
    judged = list(
        judge_keys(["acme", "Zenith"], ["acme", "a,b", "ACME", "zenith", "CAFE\u0301", "a,b", "bob"])
    )
    assert [verdict for verdict in judged if isinstance(verdict, str)] == ["acme", "CAF\u00c9", "bob"]
    errors = [str(verdict) for verdict in judged if isinstance(verdict, InvalidKey)]
    assert [sentence.partition(":")[0] for sentence in errors] == [
        "'a,b' cannot be a partition key",
        "'ACME' is a lookalike of 'acme'",
        "'zenith' is a lookalike of 'Zenith'",
        "'a,b' cannot be a partition key",
    ]


def test_of_two_new_lookalikes_the_first_counts() -> None:
    """The first one in the order given is registered."""
    first, second = judge_keys([], ["acme", "ACME"])
    assert (first, type(second)) == ("acme", InvalidKey)


@pytest.mark.parametrize("unseen", ["\u200c", "\u200d", "\u3164", "\ufe0f"])
def test_invisible_characters_make_no_key_and_no_difference(shared: Workspace, unseen: str) -> None:
    """They are not a key on their own, and do not distinguish two keys."""
    with shared.raises(InvalidKey, "it is blank"):
        register_keys(shared.instance, [unseen])
    with shared.raises(InvalidKey, "lookalike of 'acme'"):
        register_keys(shared.instance, [f"acme{unseen}"])
