"""A restart makes a function forget what its code kept, and keeps the learner's objects the same."""

from typing import Any

import pytest

from lesson_lib.classroom.exercises.restart import prepare_restart

# Ways to keep in memory how often `count` was called, which `count()` returns, starting with 1.
WAYS = {
    "a global name": """
        times = 0
        def count():
            global times
            times += 1
            return times
    """,
    "a new global name": """
        def count():
            globals()["times"] = globals().get("times", 0) + 1
            return times
    """,
    "a list": """
        seen = []
        def count():
            seen.append(1)
            return len(seen)
    """,
    "a set in a dict in a tuple": """
        state = ({"seen": set()},)
        def count():
            state[0]["seen"].add(len(state[0]["seen"]))
            return len(state[0]["seen"])
    """,
    "a counter": """
        from collections import Counter
        times = Counter(all=2)
        def count():
            times["all"] += 1
            return times["all"] - 2
    """,
    "a deque of three": """
        from collections import deque
        last = deque([0], maxlen=3)
        def count():
            last.append(last[-1] + 1)
            return last[-1]
    """,
    "an ordered dict": """
        from collections import OrderedDict
        seen = OrderedDict()
        def count():
            seen[len(seen)] = True
            seen.move_to_end(0)
            return len(seen)
    """,
    "a UserDict": """
        from collections import UserDict
        seen = UserDict()
        def count():
            seen[len(seen)] = True
            return len(seen)
    """,
    "a UserList": """
        from collections import UserList
        seen = UserList()
        def count():
            seen.append(True)
            return len(seen)
    """,
    "a default value": """
        def count(seen=[]):
            seen.append(1)
            return len(seen)
    """,
    "a default value by name": """
        def count(*, seen={}):
            seen[len(seen)] = 1
            return len(seen)
    """,
    "an attribute of the function": """
        def count():
            count.times = getattr(count, "times", 0) + 1
            return count.times
    """,
    "a closure": """
        def make():
            times = 0
            def count():
                nonlocal times
                times += 1
                return times
            return count
        count = make()
    """,
    "a function that it calls": """
        def next_number(seen=[]):
            seen.append(1)
            return len(seen)
        def count():
            return [next_number() for _ in range(1)][0]
    """,
    "an object": """
        class Memory:
            def __init__(self):
                self.times = 0
            def next(self):
                self.times += 1
                return self.times
        memory = Memory()
        def count():
            return memory.next()
    """,
    "an object with slots": """
        from dataclasses import dataclass
        @dataclass(slots=True)
        class Memory:
            times: int = 0
        memory = Memory()
        def count():
            memory.times += 1
            return memory.times
    """,
    "a plain namespace": """
        from types import SimpleNamespace
        memory = SimpleNamespace()
        def count():
            memory.times = getattr(memory, "times", 0) + 1
            return memory.times
    """,
    "an attribute of a class": """
        class Memory:
            seen = []
            @classmethod
            def next(cls):
                cls.times = getattr(cls, "times", 0) + 1
                cls.seen.append(1)
                assert len(cls.seen) == cls.times
                return cls.times
        def count():
            return Memory.next()
    """,
    "a class that it inherits from": """
        class Base:
            seen = []
        class Memory(Base):
            pass
        def count():
            Memory.seen.append(1)
            return len(Memory.seen)
    """,
    "a property and a static method": """
        class Memory:
            @property
            def seen(self, kept=[]):
                return kept
            @staticmethod
            def next(seen, times={"all": 0}):
                seen.append(1)
                times["all"] += 1
                assert times["all"] == len(seen)
                return len(seen)
        memory = Memory()
        def count():
            return memory.next(memory.seen)
    """,
    "a partial and a bound method": """
        from functools import partial
        class Memory:
            def __init__(self):
                self.seen = []
            def note(self, what):
                self.seen.append(what)
                return len(self.seen)
        note = partial(Memory().note, 1)
        def count():
            return note()
    """,
}


def run_as_main(code: str) -> dict[str, Any]:
    """Run code as a notebook's module, and return its global names."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("if True:\n" + code, names)  # noqa: S102 - code of this test
    return names


@pytest.mark.parametrize("way", WAYS)
def test_a_restart_forgets_what_python_kept(way: str) -> None:
    """The state of the beginning is restored at each restart and at the end."""
    count = run_as_main(WAYS[way])["count"]
    assert [count(), count()] == [1, 2]
    with prepare_restart(count) as restart:
        assert [count(), count()] == [3, 4]
        restart()
        assert [count(), count()] == [3, 4]
        restart()
        assert count() == 3
    assert count() == 3


def test_a_cache_is_empty_again() -> None:
    """Its content cannot be restored, and is computed again when it is needed."""
    names = run_as_main("""
        from functools import cache
        @cache
        def seen():
            return []
        def count():
            seen().append(1)
            return len(seen())
    """)
    with prepare_restart(names["count"]) as restart:
        assert [names["count"](), names["count"]()] == [1, 2]
        restart()
        assert names["count"]() == 1
    assert names["count"]() == 1


def test_an_empty_slot_or_closure_is_empty_again() -> None:
    """A variable without a value at the beginning has no value after a restart."""
    names = run_as_main("""
        class Memory:
            __slots__ = ("times",)
        memory = Memory()
        def make():
            def count():
                nonlocal times
                memory.times = getattr(memory, "times", 0) + 1
                try:
                    times += 1
                except NameError:
                    times = 1
                return memory.times, times
            if False:
                times = 0
            return count
        count = make()
    """)
    with prepare_restart(names["count"]) as restart:
        assert [names["count"](), names["count"]()] == [(1, 1), (2, 2)]
        restart()
        assert names["count"]() == (1, 1)
    assert names["count"]() == (1, 1)


def test_attributes_of_the_sensor_are_restored() -> None:
    """In learners' code, the name of the function refers to the sensor that the decorator made of it."""

    class Sensor:
        times = 0

    sensor = Sensor()
    names = run_as_main("""
        def count():
            sensor.times += 1
            return sensor.times
    """)
    names["sensor"] = sensor
    with prepare_restart(names["count"], sensor) as restart:
        assert [names["count"](), names["count"]()] == [1, 2]
        restart()
        assert names["count"]() == 1
    assert vars(sensor) == {}


def test_names_and_objects_are_the_same_afterwards() -> None:
    """Other code may refer to them; they are restored even if the learner's code raises."""
    names = run_as_main("""
        seen, other = [[1]], {}
        def count():
            global seen, other, more
            seen[0].append(2)
            seen, other, more = [], 0, 1
            raise ValueError("too many")
    """)
    before, seen, inner = dict(names), names["seen"], names["seen"][0]
    with pytest.raises(ValueError, match="too many"), prepare_restart(names["count"]):
        names["count"]()
    assert names == before
    assert names["seen"] is seen
    assert names["seen"][0] is inner
    assert seen == [[1]]


def test_objects_of_libraries_are_left_alone() -> None:
    """The keys of an instance of Dagster survive a restart, for example, and so do attributes of modules."""
    names = run_as_main("""
        import string
        thing = string.Template("a")
        def count():
            thing.template += "b"
            string.times = getattr(string, "times", 0) + 1
            return thing.template, string.times
    """)
    with prepare_restart(names["count"]) as restart:
        names["count"]()
        restart()
        assert names["count"]() == ("abb", 2)
    del names["string"].times
