"""Namespaces of Linux, which give a process another user number, or another `/tmp`, without privileges."""

import shutil
import subprocess
from functools import cache

# Inside, the user has an ordinary number; outside, all files still belong to who started the command.
AS_ORDINARY_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
# Inside, /tmp is the working directory. The program is opened first, as the real /tmp may contain it.
WITH_OWN_TMP = (
    *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
    'exec 3< "$0" && mount --bind . /tmp && cd /tmp && exec /proc/self/fd/3 "$@"',
)
_BINDING = ("unshare", "--user", "--map-root-user", "--mount", "mount", "--bind", "/tmp", "/tmp")  # noqa: S108 - writes nothing
_TIMEOUT_SECONDS = 10.0


def can_be_ordinary_user() -> bool:
    """Return whether `AS_ORDINARY_USER` works; containers may forbid it, and only Linux has it."""
    return _works((*AS_ORDINARY_USER, "true"))


def can_have_own_tmp() -> bool:
    """Return whether `WITH_OWN_TMP` works; containers may forbid it, and only Linux has it."""
    return _works(_BINDING)


@cache
def _works(command: tuple[str, ...]) -> bool:
    if not shutil.which(command[0]):
        return False
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=_TIMEOUT_SECONDS)  # noqa: S603 - a constant
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
