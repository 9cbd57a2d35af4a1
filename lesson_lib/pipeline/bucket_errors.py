"""Errors of buckets: what obstore's errors mean, in short, and what to do next."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

SET_CREDENTIALS = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment to credentials that may list the "
    "bucket and read its objects."
)
CORRECT_URL = "Create it, or correct the url of the source bucket."
_TRY_AGAIN = "Check the endpoint, the region and the network, and try again."

# In the texts of obstore's errors, which also contain the request, its duration, and the whole answer.
_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d+[\w ]*)")
_METADATA_SERVERS = ("169.254.169.254", "169.254.170.2")  # where obstore looks for credentials at last


class BucketError(OSError):
    """A bucket does not answer, or refuses to. The message says why, and `next_move` what to do."""

    def __init__(self, cause: str, next_move: str) -> None:
        """Keep both."""
        super().__init__(cause)
        self.next_move = next_move


class ServerUnavailable(BucketError):
    """The server of a bucket cannot be reached, or did not answer in time."""


class NoObject(FileNotFoundError):
    """A bucket has no such object."""


class ChangedObject(Exception):
    """An object has another ETag."""


@contextmanager
def convert_errors() -> Iterator[None]:
    """Raise short errors in the place of obstore's, which contain requests and answers.

    Raises:
        NoObject: there is no such object.
        ChangedObject: the object has another ETag.
        ServerUnavailable: no server answers.
        BucketError: anything else.
    """
    from obstore.exceptions import BaseError, PreconditionError  # noqa: PLC0415 - an optional dependency

    try:
        yield
    except PreconditionError:
        raise ChangedObject from None
    except (BaseError, OSError, ValueError) as error:
        text = str(error)
        if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in text:
            raise NoObject from None
        raise _shorten(error, text) from None


def _shorten(error: Exception, text: str) -> BucketError:
    """Return one of obstore's errors, in short."""
    code, status = (found[1] if (found := pattern.search(text)) else "" for pattern in (_CODE, _STATUS))
    is_denied = type(error).__name__ in ("PermissionDeniedError", "UnauthenticatedError")
    if any(server in text for server in _METADATA_SERVERS):
        return ServerUnavailable("there are no credentials", SET_CREDENTIALS)
    if "kind: Timeout" in text:
        return ServerUnavailable("the server did not answer in time", _TRY_AGAIN)
    if "kind: Connect" in text:
        return ServerUnavailable("no server answers", _TRY_AGAIN)
    causes = (
        (code == "NoSuchBucket", "there is no such bucket", CORRECT_URL),
        ("Unable to canonicalize" in text, "there is no such folder", CORRECT_URL),
        (
            is_denied or status.startswith(("401", "403")),
            f"access is denied ({code or status or 'without a reason'})",
            SET_CREDENTIALS,
        ),
        (status, f"the server answered {status}" + (f" ({code})" if code else ""), _TRY_AGAIN),
        (True, text.partition("\n")[0], _TRY_AGAIN),
    )
    return next(BucketError(cause, next_move) for applies, cause, next_move in causes if applies)
