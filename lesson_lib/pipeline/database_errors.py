"""Why DuckDB could not open, read or write a database, and what to do about it."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import duckdb

from .errors import PipelineError

# A pattern of DuckDB's or the system's message, then the cause and the next move; the first match counts.
# The pattern's groups and `database` are filled into the text. No text advises to remove a sound database.
_CAUSES = {
    r"locks are not supported|No locks available|Operation not supported": (
        "The disk it is on does not support file locks, without which two programs would overwrite each "
        "other's rows; some network and shared folders don't. Put the database on a local disk."
    ),
    r"Conflicting lock is held in PID 0\b": (
        "Either a program that this machine does not see has it open (in another container, or on another "
        "machine), or the disk it is on does not support file locks. Close it there, or put the database "
        "on a local disk."
    ),
    r"already attached by database|already held in current process": (
        "Another DuckDB connection of this process has attached it. Detach it there or close that "
        "connection, or restart the kernel, and try again."
    ),
    r"replaying WAL file \"(?P<wal>[^\"]*)\": .*Is a directory": (
        "The database is sound, but DuckDB keeps a log in {wal}, and that is a folder. Rename the folder, "
        "and try again."
    ),
    r"replaying WAL file \"(?P<wal>[^\"]*)\": .*(WAL does not match|checkpoint iteration)": (
        "The database is sound, but the log beside it, {wal}, belongs to another version of it, as happens "
        "when a backup is restored over a database that was not closed. Restore the database and its log "
        "from the same moment. If there is no such pair, move only the log away, keep it, and call "
        "`backfill`: it loads every key whose rows are not those of its file."
    ),
    r"replaying WAL file \"(?P<wal>[^\"]*)\"": (
        "The log beside it, {wal}, holds the latest changes and is damaged; the database itself may be "
        "sound. Restore both from the same backup. If there is none, move only the log away, keep it, and "
        "call `backfill`: it loads every key whose rows are not those of its file."
    ),
    r"Corrupt database file|Could not read enough bytes|does not match stored checksum": (
        "The file is damaged, or it was overwritten while this process had it open. Close all connections "
        "to it (or restart the kernel), and try again first. If it is damaged, keep it, and restore the "
        "database from a backup, together with its log ({database}.wal). If there is no backup, move both "
        "away, keep them, and call `backfill`, which loads every registered key from its file again; then "
        "materialize the exchange's days."
    ),
    r"not a valid DuckDB database file": (
        "It is a file of another kind, or an empty one, and stays as it is. If it was your database, "
        "restore it from a backup; otherwise give the path of a DuckDB file, or a path where there is no "
        "file yet."
    ),
    r"extension \"(?P<extension>\w+)\"": (
        "DuckDB takes it for a file of the kind that its extension {extension} opens, and the file stays "
        "as it is. Give the path of a DuckDB file, or a path where there is no file yet."
    ),
    r"newer version of DuckDB|file with version number": (
        "The database is sound: a newer DuckDB wrote it. Install that version of duckdb here, or export "
        "the tables with the newer one."
    ),
    r"is encrypted|encryption_key": (
        "The database is encrypted, and `Warehouse` has no key for it. Give the path of one that is not."
    ),
    r"Failed to create directory \"(?P<folder>[^\"]*)\"": (
        "The database is sound, but DuckDB keeps temporary files in {folder} and cannot make that folder. "
        "Rename what is in its place, and try again."
    ),
    r"in read-only mode: database does not exist": (
        "There is no such file, and connection_config opens it to read only. Leave access_mode out, and "
        "load a key: this makes the database."
    ),
    r"read-only mode": (
        "connection_config opens the database to read only. Leave access_mode out to store rows."
    ),
    r"Is a directory": "It is a folder. Give the path of a file in it, such as {database}/warehouse.duckdb.",
    r"Not a directory|File exists": "A part of its path is a file, not a folder. Correct the path.",
    r"Too many levels of symbolic links": "It is a link that leads back to itself. Correct the link.",
    r"File name too long": "No disk takes so long a name. Give a shorter path.",
    r"home directory": "There is no such user. Write out the path instead of using '~'.",
    r"codec can't encode": (
        "The system's encoding lacks a character of the path. Start Python with PYTHONUTF8=1 or in a UTF-8 "
        "locale, or give a path of ASCII characters."
    ),
    r"Permission denied|Operation not permitted|Access is denied": (
        "DuckDB needs permission to read and write the database, its log ({database}.wal) and their "
        "folder. Change the permissions, or give another path."
    ),
    r"Read-only file system": "The disk is mounted to read only. Give a path on another disk.",
    r"No space left|quota|disk is full": (
        "The disk, or your share of it, is full. Free some room, and try again."
    ),
    r"File too large": (
        "The file has reached the size that the disk or this process allows. Raise that limit, or give a "
        "path on another disk."
    ),
    r"database is locked": "Another process is writing to the same file. Try again when it is done.",
    r"Too many open files": "This process has too many files open. Restart the kernel, and try again.",
    r"Input/output error|Stale file handle|Transport endpoint|Host is down|timed out": (
        "The disk does not answer as it should. Check the disk or the network mount, and try again."
    ),
    r"Out of Memory Error|[Ff]ailed to allocate": (
        "DuckDB ran out of memory. Close other programs, or raise memory_limit in connection_config, and "
        "try again."
    ),
    r"has been invalidated": (
        "After an earlier error DuckDB uses this database no more in this process; what was committed is "
        "in the file. Restart the kernel, and try again."
    ),
    r"Conflicting lock is held in .*PID (?P<pid>\d+)": (
        "Process {pid} has it open, and DuckDB lets one process at a time write. Close it there, and try "
        "again."
    ),
    r"open file \"(?P<wal>[^\"]*\.wal)\": No such file": (
        "The database is sound, but DuckDB keeps a log in {wal}, and that is a link that points nowhere. "
        "Rename the link, and try again."
    ),
    r"Constraint Error|constraint violat": (
        "The table has a constraint or an index that was added by hand, and the file's rows break it. "
        "Remove it; or rename the table, which keeps its rows, and call `backfill`."
    ),
    r"\b[Cc]onflict\b|has altered this table": (
        "Another connection of this process changes the same rows or the same table. Let it commit, roll "
        "back or close, and try again."
    ),
    r"INTERRUPT": "The work was interrupted. Try again.",
}
_UNKNOWN = "The pipeline does not know this cause, and has left the file as it is."
_SETTING_ERRORS = (
    duckdb.InvalidInputException,
    duckdb.NotImplementedException,
    duckdb.ParserException,
    duckdb.SyntaxException,
)
_HELD = re.compile(r"Conflicting lock|used by another process|already open in")


class InstanceUnavailable(PipelineError):
    """The records of the Dagster instance cannot be read or written, because of a full disk, for example."""


class WarehouseUnavailable(PipelineError):
    """The database cannot be opened, read or written to."""


def explain_open_error(error: Exception, database: str, settings: list[str]) -> str:
    """Explain why the database at this path cannot be opened with these settings, with the next move."""
    if holder := find_holder(error):
        return (
            f"{database} is held by {holder}: DuckDB lets one process at a time open a file to write. "
            "Close the connection there (or stop that notebook's kernel) and materialize again."
        )
    if "different configuration" in str(error):
        return (
            f"{database} is open in this process with other settings, as DuckDBResource leaves it after a "
            "load that failed, or read-only. Close it there, or restart the kernel, and materialize again."
        )
    if settings and isinstance(error, _SETTING_ERRORS):
        cause = f"The database is not at fault. Correct its connection_config ({', '.join(settings)})."
    else:
        cause = explain_cause(error, database)
    return f"{database} cannot be opened: {summarize_error(error)}. {cause}"


def explain_cause(error: Exception, database: str, special: Mapping[str, str] = MappingProxyType({})) -> str:
    """Explain the cause of an error and the next move, or report that the cause is unknown.

    The special causes, in the form of `_CAUSES`, come first.
    """
    for pattern, text in (*special.items(), *_CAUSES.items()):
        if match := re.search(pattern, str(error)):
            return text.format(database=database, **match.groupdict())
    return _UNKNOWN


def explain_instance_error(error: Exception) -> str:
    """Explain an error of the instance's storage: its message in parentheses, cause and next move."""
    return f"({summarize_error(error)}). {explain_cause(error, 'the storage of the instance')}"


def find_holder(error: Exception) -> str | None:
    """Return `process 123` or `another process` if the error is that a process holds the database."""
    text = str(error)
    if not _HELD.search(text) or re.search(r"PID 0\b", text):
        return None
    pid = re.search(r"PID (\d+)", text)
    return f"process {pid[1]}" if pid else "another process"


def find_file_holder(path: Path) -> str | None:
    """Return the process that has a database file open to write, this one included, or None.

    The file and its log stay as they are. A deleted file is only found if this process still has it open.
    """
    # Attached to a database in memory, because `duckdb.connect` would share what this process has open.
    with duckdb.connect() as con:
        quoted = str(path).replace("'", "''")  # DuckDB takes no parameter here
        try:
            con.execute(f"ATTACH '{quoted}' AS found (READ_ONLY)")
        except duckdb.ResourceInUseException:
            return "this process"
        except duckdb.Error as error:
            return find_holder(error)
    return None


def is_temporary(error: Exception) -> bool:
    """Return whether the database may be free in a moment: it is open elsewhere, or is being closed."""
    return re.search(f"{_HELD.pattern}|already attached by database", str(error)) is not None


def summarize_error(error: Exception) -> str:
    """Return the first line of the message, without a full stop; the other lines point into SQL text."""
    return str(error).strip().partition("\n")[0].rstrip(".!")
