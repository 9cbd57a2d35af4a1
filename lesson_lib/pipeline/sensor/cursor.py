"""The cursor: what the sensor remembers between ticks."""

import json
from dataclasses import dataclass

_FORMAT = 2  # format 1 contained every key


@dataclass(frozen=True)
class Cursor:
    """What a tick remembers for the next one, as short hashes, so that long names do not enlarge it."""

    done: tuple[str, ...] = ()  # files that need nothing more
    seen: tuple[str, ...] = ()  # files that were too young to load
    retired: tuple[str, ...] = ()  # keys whose retirement was requested

    def to_json(self) -> str:
        """Return the text that Dagster stores."""
        return json.dumps({"format": _FORMAT, **vars(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Cursor":
        """Return the stored cursor; raise ValueError if it is damaged, or of another format or sensor."""
        try:
            found = json.loads(text)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        match found:
            case {"format": version, "done": list(done), "seen": list(seen), "retired": list(retired)}:
                if version == _FORMAT and all(isinstance(item, str) for item in (*done, *seen, *retired)):
                    return cls(tuple(done), tuple(seen), tuple(retired))
        raise ValueError(f"it is not a cursor of format {_FORMAT}")
