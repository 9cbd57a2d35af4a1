"""Exercise 3.6: the history of five ticks, and what explains four of them."""

from lesson_lib.classroom.exercises.answers import read_letters, read_one_for_each
from lesson_lib.classroom.exercises.exercise import Miss

_TICKS = (2, 3, 4, 5)
_LETTERS = "abcdefgh"
_SOLUTION = {2: "e", 3: "c", 4: "g", 5: "a"}
# The facts about each tick that contradict most explanations.
_EVIDENCE = {
    2: "tick 2 requests no run, all files are unchanged, and no tick has failed so far",
    3: "the only run that tick 3 requests is dropped, and no tick has failed so far",
    4: "tick 4 failed with InvalidKey, and no tick before it had failed",
    5: "tick 5 did not fail, both its runs succeeded, and tick 4 had requested neither of them",
}
# The belief behind a likely explanation, or an empty string, and the fact that contradicts it.
_CONTRADICTIONS = {
    (2, "b"): ("failed-run-is-asked-for-again", "no tick after the first one requests zenith"),
    (3, "b"): ("", "the run of acme at tick 1 succeeded; the one that failed is zenith's"),
    (3, "f"): ("", "tick 3 shows acme.csv as changed; the daemon compares run keys, never content"),
    (4, "d"): ("one-bad-key-fails-alone", "tick 5 requests o'hare, and its run succeeds"),
    (4, "h"): (
        "failed-tick-moves-on",
        "o'hare.csv comes after the bad name and is not reached: tick 4 requests nothing",
    ),
    (5, "b"): ("failed-run-is-asked-for-again", "tick 5 is the first to request a run of o'hare"),
    (5, "h"): ("failed-tick-moves-on", "the cursor after tick 4 is unchanged, so no file was skipped"),
}


def _what_explains(answer: object) -> Miss | None:
    """What explains each of the four ticks."""
    given = read_one_for_each(answer, _TICKS, '{2: "a", 3: "b", 4: "c", 5: "d"}')
    chosen = {
        tick: read_letters(letter, _LETTERS, count=1)[0] for tick, letter in zip(_TICKS, given, strict=True)
    }
    for tick, letter in chosen.items():
        if letter != _SOLUTION[tick]:
            belief, seen = _CONTRADICTIONS.get((tick, letter), ("", _EVIDENCE[tick]))
            return Miss(belief, seen, expected=f"another explanation of tick {tick}")
    return None


SCENARIOS = (_what_explains,)
