"""The fingerprints of files that may have changed, within what one tick may read."""

import hashlib
import math
import os
import stat
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from .arrivals import DataFile

# Dagster ends an evaluation after 60 seconds, on slow disks, too.
READ_A_TICK = 2 << 30  # bytes
SECONDS_A_TICK = 20.0
LARGEST_READ = 1 << 30  # bytes

_CHUNK = 1 << 20  # bytes


class ReadEnough(Exception):
    """The tick has read all that it may; the file waits for the next one."""


class Reading:
    """What a tick may still read."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Read nothing yet.

        Args:
            clock: tells the seconds since any moment.
        """
        self._clock = clock
        self._bytes_left = READ_A_TICK
        self._ends = math.inf

    def fingerprint(self, file: DataFile) -> str | None:
        """Return the SHA-256 of the file's bytes, in hex, as an import records it.

        Returns:
            None where it is too large to read, or takes the time of a whole tick: its size and times must do.

        Raises:
            ReadEnough: the time is over, or the bytes are used up.
            OSError: the file has gone, cannot be read, or is no plain file any more.
        """
        if file.size > LARGEST_READ:
            return None
        began = self._clock()
        if self._bytes_left < file.size or began >= self._ends:
            raise ReadEnough
        digest = hashlib.sha256()
        with _opened(file.path) as bytes_:
            # Not earlier: what cannot be opened takes no time from those that come after it.
            self._ends = min(self._ends, began + SECONDS_A_TICK)
            while chunk := bytes_.read(_CHUNK):
                digest.update(chunk)
                self._bytes_left -= len(chunk)
                now = self._clock()
                if now >= began + SECONDS_A_TICK:
                    return None
                if self._bytes_left < 0 or now >= self._ends:
                    raise ReadEnough
        return digest.hexdigest()


def _opened(path: str) -> FileIO:
    """Open a plain file, and never wait for one who writes to a pipe that has taken its place."""
    file = FileIO(path, opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0)))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{Path(path).name} is no plain file")
    return file
