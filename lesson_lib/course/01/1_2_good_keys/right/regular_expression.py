import functools
import re

GOOD = re.compile(r"(?!\s*\Z)(?!.*\.\.\.)[^\r\n]+", re.DOTALL)


def register_good_keys(name_of_set: str, instance: dg.DagsterInstance, names: list) -> None:
    seen: list[str] = []
    for name in names:
        if type(name) is str and GOOD.fullmatch(name) and name not in seen:
            seen.append(name)
    instance.add_dynamic_partitions(name_of_set, seen)


check("1.2", functools.partial(register_good_keys, "s3"))
