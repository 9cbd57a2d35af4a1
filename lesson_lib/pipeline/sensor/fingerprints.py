"""Fingerprints of files that may have changed, within the time and bytes that a tick may read."""

import hashlib
import math
import time
from collections.abc import Callable
from io import RawIOBase

from ..folder_scan import DataFile, open_plain_file

# Dagster ends an evaluation after 60 seconds, and disks may be slow.
MAX_BYTES_PER_TICK = 2 << 30
MAX_SECONDS_PER_TICK = 20.0
MAX_FILE_BYTES = 1 << 30  # larger files are not read

_CHUNK_BYTES = 1 << 20


class BudgetSpent(Exception):
    """The tick may not read more; the file waits for the next one."""


class ReadingBudget:
    """The time and bytes that a tick may still read."""

    def __init__(
        self,
        open_file: Callable[[str], RawIOBase] = open_plain_file,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with the whole budget; `open_file` opens a file's path, and `clock` returns seconds."""
        self._open_file = open_file
        self._clock = clock
        self._bytes_left = MAX_BYTES_PER_TICK
        self._ends = math.inf

    def compute_fingerprint(self, file: DataFile) -> str | None:
        """Return the SHA-256 of the file's bytes, in hex, as an import records it.

        If the file is too large, or takes the time of a whole tick, return None: size and times must decide.

        Raises:
            BudgetSpent: the time or the bytes are used up.
            OSError: the file has disappeared, cannot be read, or is no longer a plain file.
        """
        if file.size > MAX_FILE_BYTES:
            return None
        began = self._clock()
        if self._bytes_left < file.size or began >= self._ends:
            raise BudgetSpent
        digest = hashlib.sha256()
        with self._open_file(file.path) as bytes_:
            # Only now: a file that cannot be opened takes no time from the next ones.
            self._ends = min(self._ends, began + MAX_SECONDS_PER_TICK)
            while chunk := bytes_.read(_CHUNK_BYTES):
                digest.update(chunk)
                self._bytes_left -= len(chunk)
                now = self._clock()
                if now >= began + MAX_SECONDS_PER_TICK:
                    return None
                if self._bytes_left < 0 or now >= self._ends:
                    raise BudgetSpent
        return digest.hexdigest()
