"""Exercise 2.7 with several folders of a learner's files, and with folders that it rejects."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.exercise import NoAnswer
from lesson_lib.classroom.exercises.outcome import Outcome

OWN_SOURCE = import_module("lesson_lib.course.02.2_7_own_source.scenarios")
WEATHER = "day,weather,degrees\n2024-01-01,rain,4.5\n2024-01-02,,-0.5\n2024-01-03,fog,1\n2024-01-04,sun,9\n"
NOTES = '"the ""note""",order by\r\n"two\r\nlines, one value",1\r\n\r\nplain,2\r\n"",3'
SCREENS = '\ufeffscreen;inches\nsmall;5"\nlarge;27"\nsmall;5"\nodd;6"\n'
WORDS = "word\nzebra\nape\nbear\n"
FILES = [WEATHER, NOTES, SCREENS, WORDS]


def make_folder(tmp_path: Path, **files: str | bytes) -> Path:
    """Make a folder with these files."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for key, content in files.items():
        (folder / f"{key}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def read_with_duckdb(tmp_path: Path, text: str, types: str = "") -> list[tuple[Any, ...]]:
    """Return the rows that DuckDB reads in a text."""
    path = tmp_path / "read.csv"
    path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    return duckdb.sql(f"from read_csv(?{types})", params=[str(path)]).fetchall()


@pytest.mark.parametrize("text", FILES)
def test_a_correction_has_fewer_rows_and_another_value(text: str, tmp_path: Path) -> None:
    """It has half of the rows, and one value is replaced by another value of its column."""
    source = OWN_SOURCE.make_source(make_folder(tmp_path, a=text, b=text))
    types = f", types = {[str(type_) for type_ in duckdb.from_csv_auto(str(tmp_path / 'mine/a.csv')).types]}"
    before = read_with_duckdb(tmp_path, source.file, types)
    after = read_with_duckdb(tmp_path, source.corrected, types)
    assert read_with_duckdb(tmp_path, text, types) == before
    assert len(after) == len(before) // 2
    changes = [
        (column, new)
        for old_row, new_row in zip(before, after, strict=False)
        for column, (old, new) in enumerate(zip(old_row, new_row, strict=True))
        if old != new
    ]
    [(column, value)] = changes
    assert value in {row[column] for row in before}


@pytest.mark.parametrize("text", FILES)
def test_a_broken_file_is_rejected_however_it_is_read(text: str, tmp_path: Path) -> None:
    """DuckDB's COPY and read_csv raise, with types and without, although they find its columns."""
    source = OWN_SOURCE.make_source(make_folder(tmp_path, a=text, b=text))
    path = tmp_path / "broken.csv"
    path.write_text(source.broken, encoding="utf-8", errors="surrogateescape", newline="")
    with duckdb.connect() as con:
        con.execute("create table rows as from read_csv(?) limit 0", [str(path)])
        for statement in (
            "insert into rows from read_csv(?)",
            "insert into rows from read_csv(?, all_varchar = true)",
            f"copy rows from '{path}'",
        ):
            with pytest.raises(duckdb.Error, match=r"utf-8|UTF-8|Line: 2100\d"):
                con.execute(statement, [str(path)] if "?" in statement else None)
        assert con.sql("from rows").fetchall() == []


@pytest.mark.parametrize("text", FILES)
def test_the_solution_is_right_for_any_columns(
    text: str, tmp_path: Path, run_cell: Callable[[str], Any]
) -> None:
    """Names and types do not matter, and the folder does not change."""
    folder = make_folder(tmp_path, a=text, b=text)
    asset = EXERCISES["2.7"].solution.partition("\n\n\n")[2]
    verdict = run_cell(f"my_folder = {str(folder)!r}\n\n\n{asset}")
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)
    assert {path.name: path.read_bytes().decode() for path in folder.iterdir()} == {
        "a.csv": text,
        "b.csv": text,
    }


# Of no column but `shipped` do both files have values of the same type, and that one has texts for dates.
MIXED_FILES = (
    """\
degrees,order,day,shipped,sold,id,price,cents
4,1001,09/13/2017,09/13/2017,true,9007199254740993,4.50,4.50
5,1002,09/14/2017,09/14/2017,false,2,5.00,5.00
7,1003,09/15/2017,09/14/2017,true,3,5.25,5.25
""",
    """\
degrees,order,day,shipped,sold,id,price,cents
-7.5,A-1,unknown,09/15/2017,,9007199254740995,unknown,1e3
9,A-2,09/15/2017,09/16/2017,maybe,0.5,5.10,.5
""",
)


@pytest.mark.parametrize("files", [MIXED_FILES, MIXED_FILES[::-1]], ids=["few types first", "many first"])
def test_the_solution_is_right_if_the_files_have_other_types(
    files: tuple[str, str], tmp_path: Path, run_cell: Callable[[str], Any]
) -> None:
    """Either file may come first, and a text equals the value that it stands for."""
    one, other = files
    folder = make_folder(tmp_path, a=one, b=other)
    asset = EXERCISES["2.7"].solution.partition("\n\n\n")[2]
    verdict = run_cell(f"my_folder = {str(folder)!r}\n\n\n{asset}")
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)


def test_types_that_fit_all_files_are_right(tmp_path: Path, run_cell: Callable[[str], Any]) -> None:
    """A column of texts may have 4.5 for 4.50, and an ordinary date for one in the format of its file."""
    one, other = MIXED_FILES
    folder = make_folder(tmp_path, a=one, b=other)
    answer = next(cell for cell in EXERCISES["2.7"].also_right if "union_by_name" in cell)
    asset = answer.partition("\n\n\n")[2]
    verdict = run_cell(f"my_folder = Path({str(folder)!r})\n\n\n{asset}")
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)


@pytest.mark.parametrize(
    ("one", "other", "seen"),
    [
        (
            "day,degrees\n1,4\n2,5\n3,7\n",
            "day,degrees\n1,-7.5\n2,9\n",
            "2 rows of b, and in row 1, degrees is -8 in the table, -7.5 in its file",
        ),
        (
            "order,n\n1001,1\n1002,2\n",
            "order,n\nA-1,1\nA-2,2\n",
            "ConversionException: Conversion Error: Could not convert string 'A-1' to INT64",
        ),
    ],
    ids=["numbers", "codes"],
)
def test_types_of_the_first_file_are_blamed(
    one: str, other: str, seen: str, tmp_path: Path, run_cell: Callable[[str], Any]
) -> None:
    """The other file is right in a table of its own, and its columns have the same order."""
    folder = make_folder(tmp_path, a=one, b=other)
    asset = EXERCISES["2.7"].solution.partition("\n\n\n")[2].replace("(?, all_varchar = true)", "(?)")
    verdict = run_cell(f"my_folder = {str(folder)!r}\n\n\n{asset}")
    assert verdict.misconception == "one-file-shows-all-types"
    assert dict(verdict.facts)["Seen"].startswith(seen)


def test_a_wrong_encoding_is_not_blamed_on_types_or_errors(
    tmp_path: Path, run_cell: Callable[[str], Any]
) -> None:
    """The value shows what is wrong: one file has letters that the answer reads as others."""
    folder = make_folder(tmp_path, a=WEATHER, b=WEATHER.replace("fog", "d\u00fcster"))
    asset = EXERCISES["2.7"].solution.partition("\n\n\n")[2].replace("true)", "true, encoding = 'latin-1')")
    verdict = run_cell(f"my_folder = {str(folder)!r}\n\n\n{asset}")
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert (
        "weather is 'd\u00c3\u00bcster' in the table, 'd\u00fcster' in its file"
        in dict(verdict.facts)["Seen"]
    )


def test_rows_of_an_unregistered_key_are_reported(tmp_path: Path, run_cell: Callable[[str], Any]) -> None:
    """They are a fault even if the rows of all other keys are right."""
    folder = make_folder(tmp_path, a=WEATHER, b=WEATHER)
    asset = EXERCISES["2.7"].solution.partition("\n\n\n")[2]
    with_a_stray = asset.replace("con.commit()", 'con.execute("{}"); con.commit()').format(
        "insert into raw_partition_data (partition_key) values ('total')"
    )
    verdict = run_cell(f"my_folder = {str(folder)!r}\n\n\n{with_a_stray}")
    assert verdict.outcome is Outcome.NOT_YET
    assert verdict.facts == (
        ("Scenario", "All of your keys are loaded one after another, and the three records agree."),
        ("Seen", "total: left behind"),
        ("Expected", "2 keys that agree"),
    )


def test_only_the_beginning_of_many_long_files_is_read(tmp_path: Path) -> None:
    """The first files by name are read, those with an apostrophe last, and only whole rows."""
    row = "2024-01-01,rain,4.5\n"
    long = WEATHER + row * (OWN_SOURCE.MAX_BYTES // len(row))
    files = OWN_SOURCE.read_own_files(
        make_folder(tmp_path, **{"a'b": WEATHER}, **dict.fromkeys("bcdefgh", long))
    )
    assert [file.key for file in files] == list("bcdef")
    assert len(files) == OWN_SOURCE.MAX_FILES
    assert all(len(file.text) <= OWN_SOURCE.MAX_BYTES and file.text.endswith(row) for file in files)


def test_a_key_with_an_apostrophe_is_not_loaded_again(tmp_path: Path) -> None:
    """Another scenario uses such a key."""
    source = OWN_SOURCE.make_source(make_folder(tmp_path, **{"o'hare": WEATHER, "zenith": WEATHER}))
    assert (source.key, source.other_key) == ("zenith", "o'hare")


def test_a_folder_may_be_given_in_several_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a text or a Path, relative to the notebook or to the home folder."""
    folder = make_folder(tmp_path, a=WEATHER, b=WEATHER)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for given in (folder, str(folder), "~/mine", Path("~/mine"), "mine"):
        assert [file.key for file in OWN_SOURCE.read_own_files(given)] == ["a", "b"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "There is no CSV file in mine. Give a folder with two or more, one for each key."),
        ({"a": WEATHER}, "There is one CSV file in mine. Give a folder with two or more, one for each key."),
        ({"a": WEATHER, "b": ""}, "b.csv is empty. Mend it or move it away, and run the cell again."),
        ({"a": WEATHER, "b": "day,weather,degrees\n"}, "b.csv has a header and no rows."),
        (
            {"a": WEATHER, "b": "1,2\n3,4\n"},
            "b.csv does not begin with a line that DuckDB takes for the names",
        ),
        ({"a": WEATHER, "b": b"day\nMonday\nJ\xe4nner\n"}, "b.csv is not UTF-8 in line 3."),
        ({"a": WEATHER, "b": WORDS}, "a.csv has the columns day, weather, degrees; b.csv has word."),
        ({"a": "Partition_Key\nx\n", "b": WORDS}, "a.csv has a column partition_key of its own"),
        (
            {"a": "a,b\n" + "1,2\n" * 22_000 + "1,2,3\n", "b": WORDS},
            "a.csv cannot be read by DuckDB (Invalid Input Error: CSV Error on Line: 22002 ",
        ),
        ({"a": "n\n1\n", "b": "n\n2\n"}, "None of a.csv, b.csv has two rows with different values"),
        ({"a": WEATHER, "b*": WEATHER}, "'b*' cannot be a partition key: it contains '*', a glob character."),
        ({"a": WEATHER, "B": WEATHER, "b": WEATHER}, "'b' is a lookalike of 'B'"),
    ],
)
def test_an_unusable_file_is_named_with_the_reason(
    files: dict[str, str | bytes], message: str, tmp_path: Path
) -> None:
    """The folder does not count as a wrong answer, and the message gives the next move."""
    with pytest.raises(NoAnswer) as raised:
        OWN_SOURCE.make_source(make_folder(tmp_path, **files))
    assert str(raised.value).startswith(message)
    assert str(raised.value).endswith(".")


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    """So is a file, and a value that is not a path."""
    file = tmp_path / "a.csv"
    file.write_text(WEATHER)
    for given, message in (
        (tmp_path / "nowhere", "There is no folder '"),
        ("~nobody-of-this-name", "There is no folder '~nobody-of-this-name'. Give its whole path"),
        ("a\0b", "There is no folder 'a\\x00b'."),
        (file, "a.csv is a file. Give the folder that it lies in."),
        (7, "Give check the path of your folder first, as a text or a Path, and then your asset."),
    ):
        with pytest.raises(NoAnswer) as raised:
            OWN_SOURCE.read_own_files(given)
        assert str(raised.value).startswith(message)


def test_the_names_of_scenarios_contain_no_key() -> None:
    """The learner's own keys are not known before the check."""
    assert [str(scenario.__doc__) for scenario in EXERCISES["2.7"].scenarios] == [
        "One of your keys is loaded three times.",
        "One of your keys sends its file again, corrected and with fewer rows.",
        "One of your keys sends its file again, with two values of a column swapped.",
        "All of your keys are loaded one after another, and the three records agree.",
        "All of your keys are loaded into a new table, the last one first.",
        "One of your keys is loaded, and then another one, whose columns come in another order.",
        "The key is much like others: globex.eu and globex, GLOBEX.EU, globex-eu ..., and one with accents.",
        "The key has an apostrophe: o'hare.",
        "One of your keys sends a good file, then a broken one, then none, and at last a good one again.",
    ]
