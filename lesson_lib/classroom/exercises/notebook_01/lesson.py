"""Notebook 01, Irregular partitions: what it teaches, and its exercises."""

from lesson_lib.classroom.exercises.choices import Choice, multiple_choice, prediction
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.notebook_01.from_nothing import FROM_NOTHING
from lesson_lib.classroom.exercises.notebook_01.good_keys import GOOD_KEYS
from lesson_lib.classroom.exercises.notebook_01.import_that_looks import IMPORT_THAT_LOOKS
from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section

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
            '`s3_partitions_def = dg.DynamicPartitionsDefinition(name="s3")`, once more, now that the '
            "file is there.",
            "definition-creates-keys",
        ),
        "b": Choice(
            '`instance.add_dynamic_partitions("S3", ["o\'hare"])`, since `S3` and `s3` are the same set.',
            "typo-raises-an-error",
        ),
        "c": Choice('`instance.add_dynamic_partitions("s3", ["o\'hare"])`, after the keys that are there.'),
        "d": Choice(
            '`dg.DagsterInstance.ephemeral().add_dynamic_partitions("s3", ["o\'hare"])`, since the '
            "same definition reads from there.",
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
        Objective("materialize", "write a partitioned asset, and materialize assets for one key or for all"),
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
    exercises=(_COUNT_KEYS, GOOD_KEYS, IMPORT_THAT_LOOKS, FROM_NOTHING, _UNKNOWN_KEY),
)
