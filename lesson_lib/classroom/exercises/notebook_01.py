"""Notebook 01, Irregular partitions: what it teaches, and its exercises."""

from lesson_lib.classroom.exercises.choices import Choice, multiple_choice, prediction
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section


def _belief_about_the_count(guess: object) -> str:
    """Whoever expects keys believes that something other than registering creates them."""
    return "definition-creates-keys" if guess != 0 else ""


_COUNT_KEYS = Exercise(
    id="1.1",
    title="How many keys?",
    objective="define",
    minutes=1,
    task="Six customers' files are in the folder. How many keys will the new definition have?",
    starter='predict("1.1", ...)',
    solution='predict("1.1", 0)',
    takeaway="A dynamic definition starts empty: it says only under which name keys will be kept.",
    hints=("What has the definition been told?",),
    scenarios=(prediction(_belief_about_the_count),),
    also_right=('predict("1.1", "0")',),
    wrong=(
        ('predict("1.1", 6)', "definition-creates-keys"),
        ('predict("1.1", 11)', "definition-creates-keys"),
        ('predict("1.1", 1)', "definition-creates-keys"),
    ),
    is_prediction=True,
)

_UNKNOWN_KEY = multiple_choice(
    "1.5",
    "Why is this key unknown?",
    objective="explain",
    minutes=2,
    question="`quickstart.csv` lies in the folder, and materializing `quickstart` fails with "
    "`DagsterUnknownPartitionError`. What makes the same call succeed?",
    choices={
        "a": Choice(
            'Writing the definition again: `dg.DynamicPartitionsDefinition(name="s3")`.',
            "definition-creates-keys",
        ),
        "b": Choice('`instance.add_dynamic_partitions("S3", ["quickstart"])`', "typo-raises-an-error"),
        "c": Choice('`instance.add_dynamic_partitions("s3", ["quickstart"])`'),
        "d": Choice(
            '`dg.DagsterInstance.ephemeral().add_dynamic_partitions("s3", ["quickstart"])`',
            "keys-live-in-the-definition",
        ),
    },
    takeaway="A run asks its own instance, under the set's exact name; nothing else makes a key known.",
    hints=(
        "Where does a run look for its key?",
        "It is the instance that you pass, and the set's exact name.",
    ),
)

LESSON = Lesson(
    notebook="01_irregular_partitions",
    objectives=(
        Objective("define", "define a dynamic partition"),
        Objective("explain", "say why a key that is not registered fails"),
    ),
    sections=(
        Section("What lies in the folder?", 3),
        Section("How do you define a partition without a calendar?", 3, "define"),
        Section("Where do keys live?", 4, "explain"),
    ),
    exercises=(_COUNT_KEYS, _UNKNOWN_KEY),
)
