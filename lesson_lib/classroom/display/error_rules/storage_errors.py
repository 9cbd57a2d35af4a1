"""Errors of DuckDB and of files, and the refusals of this library."""

from lesson_lib.classroom.display.error_rules.rule import Rule
from lesson_lib.classroom.display.error_rules.sections import (
    AGAIN,
    APOSTROPHE,
    BROKEN,
    DELETE,
    LOOK,
    ORDER,
    OURS,
    RANGE,
    TABLE,
    WHOSE,
    WRITE,
)

# The first that fits is taken, so special cases stand before general ones.
STORAGE = {
    "a database that a process holds": Rule(
        "IOException",
        r"lock on file \"(?P<path>[^\"]*)\".*\(PID (?P<pid>\d+)\)",
        "Process {pid} has {file} open. Who may write needs a DuckDB file for itself: no other process can "
        "open it then, not even to read.",
        "Is it another notebook? Restart its kernel, or close the connection there; "
        "then run this cell again. Are these Dagster's runs? They queue where their assets share a pool with "
        "a limit of one.",
        WRITE,
    ),
    "a database that is held": Rule(
        "IOException",
        r"Conflicting lock|Could not set lock|used by another process|already open in",
        "Another process has this file open. Who may write needs a DuckDB file for itself: no other process "
        "can open it then, not even to read.",
        "Is it another notebook? Restart its kernel, or close the connection there; "
        "then run this cell again. Are these Dagster's runs? They queue where their assets share a pool with "
        "a limit of one.",
        WRITE,
    ),
    "other settings": Rule(
        "ConnectionException",
        r"different configuration",
        "An earlier connection of this notebook is still open, with other settings. After a failed run "
        "it may be that of DuckDBResource, which does not close then.",
        "Close it with con.close(), or restart the kernel. Warehouse of lesson_lib.pipeline always closes.",
    ),
    "a closed connection": Rule(
        "ConnectionException",
        r"already (?:been )?closed",
        "A connection ends with its `with` block, or with con.close().",
        "Ask inside the block, or connect again.",
    ),
    "no file": Rule(
        "IOException",
        r"No files found that match the pattern \"(?P<path>[^\"]*)\"",
        "{file} is not in the folder. Registering a key makes no file, and a run checks only what your "
        "code checks.",
        "Compare the name with the files in the folder, then put the file there and run again. "
        "A * or ? in a name counts as a wildcard.",
        LOOK,
    ),
    "no folder": Rule(
        "IOException",
        r"Cannot open file \"(?P<path>[^\"]*)\": No such file or directory",
        "DuckDB makes the file {file}, but not the folder around it.",
        "Make the folder first: Path(...).mkdir(parents=True, exist_ok=True).",
    ),
    "no database": Rule(
        "IOException",
        r"file \"(?P<path>[^\"]*)\" exists, but it is not a valid DuckDB database",
        "{file} was not written by DuckDB, or it is damaged.",
        "Give the database another path, or move that file away.",
    ),
    "a broken value in a line": Rule(
        "ConversionException",
        r"CSV Error on Line: (?P<line>\d+)\n.*converting column \"(?P<column>[^\"]*)\".*"
        r"\n  file = (?P<path>[^\n]*)",
        "A value in the column {column} of {file} is of another type than the table wants. "
        "DuckDB takes all rows of a file or none.",
        "Correct line {line} of {file}, and materialize its key again.",
        BROKEN,
    ),
    "a ragged row": Rule(
        "InvalidInputException",
        r"CSV Error on Line: (?P<line>\d+)\n.*\nExpected Number of Columns: (?P<columns>\d+) "
        r"Found: (?P<found>\d+).*\n  file = (?P<path>[^\n]*)",
        "Line {line} of {file} does not have {columns} fields, but {found}. DuckDB takes all rows of a file "
        "or none.",
        "Correct that line, and materialize its key again.",
        BROKEN,
    ),
    "a file of other columns": Rule(
        "InvalidInputException",
        r"sniffing file \"(?P<path>[^\"]*)\".* they contain: (?P<columns>\d+) columns\. "
        r"It does not match the number of columns found by the sniffer: (?P<found>\d+)\.",
        "The table has {columns} columns, and {file} has {found}. Unless it names columns, COPY fills all of "
        "them from the file.",
        "For a column that no file has, such as partition_key, insert from a query: "
        "insert into ... select *, ? from read_csv(?).",
        WHOSE,
    ),
    "another encoding": Rule(
        "InvalidInputException",
        r"file is not utf-8 encoded.*\n  file = (?P<path>[^\n]*)",
        "{file} is not UTF-8 text. It may be in another encoding, or compressed.",
        "Save it as UTF-8, or unpack it, and materialize its key again.",
        BROKEN,
    ),
    "too few or too many values": Rule(
        "InvalidInputException",
        r"Values were not provided|Parameter argument/count mismatch",
        "Each ? in the SQL takes one value of the list, in order; here their numbers differ.",
        "Pass as many values as there are question marks: con.execute('... = ?', [key]).",
        APOSTROPHE,
    ),
    "no place for a value": Rule(
        "BinderException",
        r"Parameter/argument count mismatch",
        "Values are passed, and the SQL has no ? to take them. Inside quotes, '?' is text.",
        "Write the ? without quotes around it: con.execute('... = ?', [key]).",
        APOSTROPHE,
    ),
    "a value without a list": Rule(
        "InvalidInputException",
        r"only be passed as a list or a dictionary",
        "The values for the question marks come as a list, even if there is one only.",
        "Put square brackets around it: con.execute('... = ?', [key]).",
        APOSTROPHE,
    ),
    "a key for a date": Rule(
        "ConversionException",
        r"invalid date field format: \"(?P<value>[^\"]*)\".*\nLINE \d+: [^\n]*[=<>]",
        "The SQL takes {value!r} for a date. If it is a partition key: that names a file, and is no value in "
        "the data.",
        "Keep the key in a column of its own, partition_key, and compare with that.",
        DELETE,
    ),
    # With the line of the SQL, the value stands in the SQL, and DuckDB's ^ points at it.
    "a broken value": Rule(
        "ConversionException",
        r"\A(?!.*\nLINE \d)[^\n]*(?:Could not convert string|invalid \w+ field format:) "
        r"(?P<value>'.*'|\".*\")(?: to |, expected)",
        "The value {value} is not of the type that a column, or a cast, asks for. "
        "DuckDB takes all rows of a file or none.",
        "Look for it in the file, correct it there, and materialize its key again.",
        BROKEN,
    ),
    "no table": Rule(
        "CatalogException",
        r"Table with name (?P<table>.+?) does not exist",
        "The database has no table {table!r}. It may be spelt in another way, or not be made yet, or this is "
        "another database: without a path, DuckDB opens a new, empty one in memory.",
        "Compare the spelling with con.sql('show tables'). "
        "If it is not there, materialize the asset that makes it, and check the path.",
        TABLE,
    ),
    "a table twice": Rule(
        "CatalogException",
        r"Table with name \"?(?P<table>.+?)\"? already exists",
        "The table {table!r} was made before, and the database keeps it.",
        "Write create table if not exists, or create or replace table to start with an empty one.",
        TABLE,
    ),
    "no column": Rule(
        "BinderException",
        r"Referenced column \"(?P<column>[^\"]*)\"",
        "No column here is called {column!r}. In SQL, double quotes (or none) mean a name, and single "
        "quotes mean text.",
        "Compare the spelling with con.sql('describe ...'). If it is a value, bind it: "
        "con.execute('... = ?', [value]).",
        APOSTROPHE,
    ),
    "lines that cannot be split": Rule(
        "BinderException",
        r"column with name \"(?P<column>[^\"]*[,;|\t][^\"]*)\"",
        "{column!r} looks like the whole first line of a file. DuckDB takes it for one name if it cannot "
        "split all lines alike.",
        "Look for a line with more or fewer fields than the first one, correct it, "
        "and materialize its key again.",
        BROKEN,
    ),
    "no column to insert into": Rule(
        "BinderException",
        r"Table \"(?P<table>[^\"]*)\" does not have a column with name \"(?P<column>[^\"]*)\"",
        "The file, or the SQL, has a column {column!r} that the table {table} has not. "
        "(Without a header, DuckDB calls a file's columns column0, column1, ...)",
        "Compare the first line of the file, or the names in the SQL, with con.sql('describe {table}'). "
        "A value needs a name, too: ? as partition_key.",
        ORDER,
    ),
    "too many columns": Rule(
        "BinderException",
        r"table \"(?P<table>[^\"]*)\" has \d+ columns but \d+ values",
        "Without names, insert fills all columns of {table} by their position.",
        "Write insert into {table} by name select ..., and give each value its column's name: "
        "? as partition_key. Check that the table was made with the columns you expect.",
        ORDER,
    ),
    "a quote that is open": Rule(
        "ParserException",
        r"unterminated (?:string|quoted)",
        "Probably a value with a quote in it was pasted into the SQL, or a closing quote is missing.",
        "Close the quote. A value is better bound, so that nothing in it is read as SQL: "
        "con.execute('... = ?', [key]).",
        APOSTROPHE,
    ),
    "a missing value": Rule(
        "ConstraintException",
        r"NOT NULL constraint failed: \"?(?P<table>[^\".]+)\"?\.\"?(?P<column>[^\"\n]+)",
        "A row came without a value for {column}, and the table {table} was made to refuse that. "
        "Nothing of the statement was stored.",
        "Correct the row at its source, and materialize again.",
    ),
    "a row twice": Rule(
        "ConstraintException",
        r"[Dd]uplicate key \"(?P<key>[^\"]*)\"",
        "This would be a second row with {key}, and the table takes only one. "
        "Nothing of the statement was stored.",
        "Replace the partition's rows, rather than adding to them.",
        AGAIN,
    ),
    # Ours say themselves why, and what to do.
    "a file that is refused": Rule("UnreadableFile", r"", "", "", BROKEN),
    "a database that is held, refused": Rule("WarehouseUnavailable", r"is held by", "", "", WRITE),
    "a range without keys, refused": Rule("InvalidKey", r"\brange\b.* holds no key", "", "", RANGE),
    "a refusal": Rule("PipelineError", r"", "", "", OURS),
}
