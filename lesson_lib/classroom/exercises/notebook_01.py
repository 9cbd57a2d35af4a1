"""Notebook 01, Irregular partitions: what it teaches, and its exercises."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from inspect import cleandoc
from pathlib import Path
from textwrap import indent
from typing import Any
from unittest.mock import patch

import dagster as dg
import duckdb

from lesson_lib.classroom.boards.wording import counted, plain
from lesson_lib.classroom.exercises.choices import Choice, letters, multiple_choice, prediction
from lesson_lib.classroom.exercises.exercise import Exercise, Miss, NoAnswer
from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section
from lesson_lib.classroom.exercises.world import World, new_world, set_of
from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
)

_SET = "s3"

# 1.1 How many keys?


def _belief_about_the_count(*guesses: object) -> str:
    """Whoever expects keys believes that something other than registering creates them."""
    return "definition-creates-keys" if any(guesses) else ""


_COUNT_KEYS = Exercise(
    id="1.1",
    title="How many keys?",
    objective="define",
    minutes=1,
    task="Six customers' files are in the folder, the new definition has a name, and a new instance is about "
    "to be asked. How many keys will it find under that name? Commit to a number before you run the next "
    "cell; a guess that is off is worth more than none.",
    starter='predict("1.1", ...)',
    solution='predict("1.1", 0)',
    takeaway="A dynamic definition starts empty: it says only under which name keys will be kept.",
    hints=(
        "What has the definition been told so far, apart from its name?",
        "Dagster has not looked into the folder, and nobody has named a key.",
    ),
    scenarios=(prediction(_belief_about_the_count),),
    also_right=('predict("1.1", "0")',),
    wrong=(
        ('predict("1.1", 6)', "definition-creates-keys"),
        ('predict("1.1", 11)', "definition-creates-keys"),
        ('predict("1.1", 1)', "definition-creates-keys"),
    ),
    is_prediction=True,
)

# 1.2 Register the good keys


@dataclass
class _Elsewhere:
    """What was registered, and not in the set `s3` of the given instance."""

    sets: list[str] = field(default_factory=list)
    instances: int = 0


@contextmanager
def _listening(given: dg.DagsterInstance) -> Iterator[_Elsewhere]:
    """Note what is registered elsewhere; an instance other than the given one is left as it is."""
    add = dg.DagsterInstance.add_dynamic_partitions
    elsewhere = _Elsewhere()

    def listen(instance: dg.DagsterInstance, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        if instance is not given:  # it may be the learner's own, of the notebook
            elsewhere.instances += bool(partition_keys)
            return
        if partition_keys and partitions_def_name != _SET:
            elsewhere.sets.append(partitions_def_name)
        add(instance, partitions_def_name, partition_keys)

    with patch.object(dg.DagsterInstance, "add_dynamic_partitions", listen):
        yield elsewhere


def _registered(answer: object, names: list[Any], already: Sequence[str] = ()) -> Miss | None:
    """Let the answer register the good ones of these names, and compare with what is then in the set."""
    function = _function_of_two(answer)
    expected = list(dict.fromkeys([*already, *filter(_is_good, names)]))
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(_SET, already)
        with _listening(instance) as elsewhere:
            returned = function(instance, list(names))
        held = instance.get_dynamic_partitions(_SET)
    if held == expected:
        return None
    belief, aside = _belief_about_registering(held, expected, elsewhere, returned)
    return Miss(belief, seen=f"{_SET} holds {_listed(held)}{aside}", expected=_listed(expected))


def _belief_about_registering(
    held: Sequence[str], expected: list[str], elsewhere: _Elsewhere, returned: object
) -> tuple[str, str]:
    """Return the misconception behind other keys than expected, and where else something went."""
    if not held and elsewhere.sets:
        return "typo-raises-an-error", f"; the set {plain(repr(elsewhere.sets[0]))} has been given keys"
    if not held and elsewhere.instances:
        return "keys-live-in-the-definition", "; keys went to another instance than the given one"
    if not held and returned is None:
        return "definition-creates-keys", ""
    if not held:
        return "", f"; your function returned {plain(repr(returned))}"
    if not all(map(_is_good, held)) or len(held) > len(expected):
        return "dagster-checks-keys", ""
    return ("keys-are-ordered-by-name" if sorted(held) == sorted(expected) else ""), ""


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


_REGISTER_GOOD = Exercise(
    id="1.2",
    title="Register the good keys",
    objective="register",
    minutes=4,
    task="A list of names has come in. Dagster would take each of them, whatever it is, so your code has to "
    "choose. Write a function that registers the good names in the set `s3` of the instance that it is "
    "given, in their order. Bad is what is no text, is empty or blank, has a line break in it, or has `...`, "
    "which Dagster reads as a range. A name may stand twice in the list.",
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
            _register_cell('instance.add_dynamic_partitions("s3", [name for name in names if name])'),
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
        (_register_cell('dg.DynamicPartitionsDefinition(name="s3")'), "definition-creates-keys"),
        (
            _register_cell(
                "good = sorted({name for name in names if name.strip()})",
                'instance.add_dynamic_partitions("s3", good)',
            ),
            "keys-are-ordered-by-name",
        ),
    ),
)

# 1.3 Write an import


def _wrong_path(world: World, asset: object, key: str) -> Miss | None:
    """Import the file of a key, and compare the path with that of the file."""
    returned = _imported(world, asset, key)
    expected = world.lab.source / f"{key}.csv"
    if isinstance(returned, str | Path) and Path(returned).resolve() == expected:
        return None
    belief = "key-ends-at-the-first-dot" if _is_cut(returned, key) else ""
    return Miss(belief, seen=_told_path(world, returned), expected=f"the path of {key}.csv in source.path")


def _imported(world: World, asset: Any, key: str) -> object:  # noqa: ANN401 - whatever the learner gives
    """Materialize the asset for a key, and return what its function returned."""
    return world.materialize([asset], key).output_for_node(asset.node_def.name)


def _is_cut(returned: object, key: str) -> bool:
    cut = key.partition(".")[0]
    return cut != key and isinstance(returned, str | Path) and Path(returned).name == f"{cut}.csv"


def _told_path(world: World, returned: object) -> str:
    if returned is None or isinstance(returned, type):  # Dagster's sign for no value is a class
        return "no path, since the function returned nothing"
    if not isinstance(returned, str | Path) or "\n" in str(returned):
        return f"no path, but {plain(repr(returned), longest=80)}"
    path = Path(returned)
    if not path.is_absolute():
        return f"{plain(str(path))}, without its folder"
    if path.resolve().parent != world.lab.source:
        return f"{plain(path.name)} in another folder than source.path"
    return f"the path of {plain(path.name)}"


def _key_in_s3(asset: object) -> Miss | None:
    """The key acme is in the set s3."""
    if (name := set_of(asset)) == _SET:
        return None
    seen = f"the asset looks for it in the set {plain(repr(name))}, which has no key"
    return Miss("typo-raises-an-error", seen, expected=f"the asset looks for it in the set {_SET!r}")


def _two_customers(asset: object) -> Miss | None:
    """Two customers are imported, acme and then zenith."""
    with new_world() as world:
        misses = [miss for key in ("acme", "zenith") if (miss := _wrong_path(world, asset, key))]
    files = {"the path of acme.csv", "the path of zenith.csv"}
    if len(misses) == 1 and misses[0].seen in files:
        return replace(misses[0], misconception="every-key-needs-an-asset")
    return misses[0] if misses else None


def _key_with_a_dot(asset: object) -> Miss | None:
    """The customer globex.eu is imported, and there is another one called globex."""
    with new_world() as world:
        world.write("globex", "date,share_price,amount,spend,shift,spread\n")
        return _wrong_path(world, asset, "globex.eu")


def _key_with_an_apostrophe(asset: object) -> Miss | None:
    """The customer o'hare is imported."""
    with new_world() as world:
        return _wrong_path(world, asset, "o'hare")


def _new_customer(asset: object) -> Miss | None:
    """A new customer has sent a file, café du nord.csv."""
    with new_world() as world:
        world.write("café du nord", "date,share_price,amount,spend,shift,spread\n")
        return _wrong_path(world, asset, "café du nord")


def _missing_file(asset: object) -> Miss | None:
    """The key quickstart is registered, and quickstart.csv is not there."""
    with new_world() as world:
        try:
            _imported(world, asset, "quickstart")
        except NameError:  # a slip in the line that is to raise, and no refusal
            raise
        except Exception:  # noqa: BLE001 - any error is a refusal
            return None
    return Miss(
        "success-means-the-file-was-there",
        seen="the run succeeded, and quickstart is recorded as materialized",
        expected="the run fails, and quickstart is not recorded",
    )


def _folder_afterwards(asset: object) -> Miss | None:
    """The file acme.csv is imported, and stays where and what it is."""
    with new_world() as world:
        before = _files(world)
        _imported(world, asset, "acme")
        after = _files(world)
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    if not changed:
        return None
    seen = "; ".join(f"{plain(name)} {_fate(before.get(name), after.get(name))}" for name in changed)
    return Miss(seen=seen, expected=f"the same {counted(len(before), 'file')} as before, untouched")


def _files(world: World) -> dict[str, bytes]:
    folder = world.lab.source
    paths = folder.rglob("*") if folder.is_dir() else ()
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def _fate(before: bytes | None, after: bytes | None) -> str:
    if after is None:
        return "is gone"
    return "is new" if before is None else "has been changed"


def _import_cell(*body: str, partitions: str = "s3_partitions_def", returned: str = "str") -> str:
    """Write the cell of 1.3 with these lines as the function's body."""
    written = indent("\n".join(body), "    ")
    return (
        "from lesson_lib.pipeline import SourceFolder\n\n\n"
        f"@dg.asset(partitions_def={partitions})\n"
        f"def my_import(context: dg.AssetExecutionContext, source: SourceFolder) -> {returned}:\n"
        f'{written}\n\n\ncheck("1.3", my_import)'
    )


_REFUSE = (
    "if not path.is_file():",
    '    raise FileNotFoundError(f"{path.name} is not there. Put it there, and run again.")',
)

_WRITE_AN_IMPORT = Exercise(
    id="1.3",
    title="Write an import that looks",
    objective="materialize",
    minutes=5,
    task="Write the first asset yourself, with two differences. The folder comes from a resource, `source`, "
    "so that the run says which folder it is: `source.path`. And your asset looks before it answers: it "
    "returns the path of `<partition key>.csv` in that folder, and if there is no such file, it fails. It "
    "leaves the folder as it is.",
    starter=_import_cell("# Return the path of the key's file; raise an error if it is not there.", "..."),
    solution=_import_cell(
        'path = Path(source.path) / f"{context.partition_key}.csv"', *_REFUSE, "return str(path.resolve())"
    ),
    takeaway="One asset serves every key, in whichever folder the run names. And since it looks, "
    '"materialized" now says that the file was there.',
    hints=(
        "What differs between two runs is in the context and in the resource; nothing else need be known.",
        'Path(source.path) / f"{context.partition_key}.csv" is the path. What tells whether a file is there?',
        "Before you return it: if not path.is_file(): raise FileNotFoundError(path.name).",
    ),
    scenarios=(
        _key_in_s3,
        _folder_afterwards,
        _two_customers,
        _key_with_a_dot,
        _key_with_an_apostrophe,
        _new_customer,
        _missing_file,
    ),
    also_right=(
        _import_cell("return str(source.find(context.partition_key))"),
        _import_cell(
            'path = f"{source.path}/{context.partition_key}.csv"',
            "with open(path):",
            "    return path",
        ),
        _import_cell(
            'path = Path(source.path, context.partition_key + ".csv")',
            *_REFUSE,
            "return path",
            returned="Path",
            partitions='dg.DynamicPartitionsDefinition(name="s3")',
        ),
    ),
    wrong=(
        (
            _import_cell('return str((Path(source.path) / f"{context.partition_key}.csv").resolve())'),
            "success-means-the-file-was-there",
        ),
        (
            _import_cell(
                'key = context.partition_key.split(".")[0]',
                'path = Path(source.path) / f"{key}.csv"',
                *_REFUSE,
                "return str(path)",
            ),
            "key-ends-at-the-first-dot",
        ),
        (
            _import_cell(
                'path = (Path(source.path) / context.partition_key).with_suffix(".csv")',
                *_REFUSE,
                "return str(path)",
            ),
            "key-ends-at-the-first-dot",
        ),
        (
            _import_cell(
                'path = Path(source.path) / f"{context.partition_key}.csv"',
                *_REFUSE,
                "return str(path)",
                partitions='dg.DynamicPartitionsDefinition(name="customers")',
            ),
            "typo-raises-an-error",
        ),
        (
            _import_cell('path = Path(source.path) / "acme.csv"', *_REFUSE, "return str(path)"),
            "every-key-needs-an-asset",
        ),
    ),
)

# 1.4 From nothing to a table

_LINES = {
    "a": 'dg.materialize(assets, partition_key="acme", instance=instance, resources=resources)',
    "b": 'with duckdb.connect(lab.database) as con:\n    table = con.sql("from raw_partition_data").df()',
    "c": 'customers = dg.DynamicPartitionsDefinition(name="s3")',
    "d": 'instance.add_dynamic_partitions(customers.name, ["acme"])',
    "e": "instance = dg.DagsterInstance.ephemeral()",
}
# What somebody believes who writes a line before what it needs.
_TOO_EARLY = {
    "a": "definition-creates-keys",
    "b": "three-records-are-one",
    "d": "keys-live-in-the-definition",
}


def _lines_in_order(*answer: object) -> Miss | None:
    """Your lines, run from top to bottom after a restart."""
    order = letters(answer, _LINES, count=len(_LINES))
    with new_world() as world:
        names: dict[str, Any] = {
            "dg": dg,
            "duckdb": duckdb,
            "lab": world.lab,
            "assets": [import_dynamic_partition_file, duckdb_dynamic_partition_table],
            "resources": {
                "source": SourceFolder(path=str(world.lab.source)),
                "database": Warehouse(database=str(world.lab.database)),
            },
        }
        try:
            for letter in order:
                try:
                    exec(_LINES[letter], names)  # noqa: S102 - the exercise's own lines; the learner orders them
                except Exception as error:  # noqa: BLE001 - whatever comes of the order
                    return _too_early(letter, order, error)
        finally:
            if "instance" in names:
                names["instance"].dispose()
    rows = len(names["table"])
    return None if rows == _ACME_ROWS else Miss(seen=counted(rows, "row"), expected=f"{_ACME_ROWS} rows")


_ACME_ROWS = 8


def _too_early(letter: str, order: list[str], error: Exception) -> Miss:
    before = ", ".join(order[: order.index(letter)]) or "nothing"
    said = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    needs_definition = letter == "d" and order.index("e") < order.index("d")
    return Miss(
        "" if needs_definition else _TOO_EARLY[letter],
        seen=f"line {letter}, with {before} before it, raised {plain(said)}",
        expected=f"all five lines run, and the table has acme's {_ACME_ROWS} rows",
    )


_FROM_NOTHING = Exercise(
    id="1.4",
    title="From nothing to a table",
    objective="query",
    minutes=3,
    task="The kernel has been restarted, so your ephemeral instance and the table are gone. The imports, "
    "`lab`, `assets` and `resources` are there again. Bring these five steps into an order in which they "
    "run, and end with acme's rows in a `DataFrame`. Answer with the five letters.\n\n"
    "```text\n"
    + "\n".join(f"{letter}  {code}".replace("\n", "\n   ") for letter, code in _LINES.items())
    + "\n```",
    starter='check("1.4", "____")',
    solution='check("1.4", "cedab")',
    takeaway="Name the set, have an instance, register, materialize, query: each record is there only once "
    "something has made it.",
    hints=(
        "Start from the end: what must have happened for the query to find a table?",
        "A run needs a key, a key needs an instance to live in, and line d asks the definition for its name.",
        "It ends with d, a, b.",
    ),
    scenarios=(_lines_in_order,),
    also_right=('check("1.4", "E, C, D, A, B")', 'check("1.4", ["c", "e", "d", "a", "b"])'),
    wrong=(
        ('check("1.4", "ceadb")', "definition-creates-keys"),
        ('check("1.4", "cabed")', "definition-creates-keys"),
        ('check("1.4", "cedba")', "three-records-are-one"),
        ('check("1.4", "cdeab")', "keys-live-in-the-definition"),
    ),
)

# 1.5 Why is this key unknown?

_UNKNOWN_KEY = multiple_choice(
    "1.5",
    "Why is this key unknown?",
    objective="explain",
    minutes=2,
    question="`o'hare.csv` lies in the folder. Even so, materializing the import for `o'hare` on your "
    "`instance` fails with `DagsterUnknownPartitionError`. After which of these lines will the same call "
    "succeed?",
    choices={
        "a": Choice(
            '`s3_partitions_def = dg.DynamicPartitionsDefinition(name="s3")`, so that the definition is '
            "newer than the file.",
            "definition-creates-keys",
        ),
        "b": Choice(
            '`instance.add_dynamic_partitions("S3", ["o\'hare"])`, which Dagster accepts without an error.',
            "typo-raises-an-error",
        ),
        "c": Choice('`instance.add_dynamic_partitions("s3", ["o\'hare"])`, although `s3` has other keys.'),
        "d": Choice(
            '`dg.DagsterInstance.ephemeral().add_dynamic_partitions("s3", ["o\'hare"])`, since the name is '
            "that of the definition.",
            "keys-live-in-the-definition",
        ),
    },
    takeaway="A run asks its own instance, under the set's exact name; nothing else makes a key known.",
    hints=(
        "Where does a run look for its key?",
        "In the instance that you pass to it, under the set's exact name.",
    ),
)

LESSON = Lesson(
    notebook="01_irregular_partitions",
    objectives=(
        Objective("define", "define a dynamic partition"),
        Objective("register", "register keys in an instance"),
        Objective("materialize", "materialize both assets, for one key or for all"),
        Objective("query", "query the result with pandas"),
        Objective("explain", "say why a key that is not registered fails"),
    ),
    sections=(
        Section("What lies in the folder?", 3),
        Section("Which files does the calendar name?", 2),
        Section("How do you define a partition without a calendar?", 3, "define"),
        Section("What does a partitioned asset look like?", 3, "explain"),
        Section("How does a key come into being?", 3, "register"),
        Section("How does the file get into a table?", 2, "materialize"),
        Section("What does loading one customer take?", 4, "materialize"),
        Section("What is in the table?", 4, "query"),
        Section("Where do keys live?", 4, "explain"),
        Section("How does this play out in practice?", 1),
        Section("What is still wrong with this pipeline?", 1),
    ),
    exercises=(_COUNT_KEYS, _REGISTER_GOOD, _WRITE_AN_IMPORT, _FROM_NOTHING, _UNKNOWN_KEY),
)
